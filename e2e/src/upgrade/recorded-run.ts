import { availableParallelism } from 'node:os';
import type { Platform } from '../platform.js';
import { check } from '../prove/check/check.js';
import type { Verdict } from '../prove/check/verdict.js';
import { collect } from '../prove/collect.js';
import { installLedger } from '../prove/ledger.js';
import { PlatformWatch } from '../prove/platform-watch.js';
import { untilQuiet, wordsOf } from '../prove/quiet.js';
import type { ClientRequest, FaultSpan, RunRecord } from '../prove/record.js';
import { withoutExisting } from './existing-orders.js';

const QUIET_BOUND_MS = 120_000;

/** What a run keeps for the checker: the ledger is in the databases, and what the clients did is handed in at the end. */
export class RecordedRun {
  readonly startedAt = Date.now();
  private readonly origin = performance.now();

  /** Stock is set and the ledger put in place: whatever happens from here on is recorded. */
  static async begin(platform: Platform, initialStock: Readonly<Record<string, number>>): Promise<RecordedRun> {
    const adminUrl = () => {
      const url = platform.postgres.adminUrl;
      if (url === undefined) {
        throw new Error('the prover puts triggers into the databases: it needs a Postgres that the stack has started');
      }
      return url;
    };
    await Promise.all(Object.entries(initialStock).map(([sku, onHand]) => platform.customer.setStock(sku, onHand)));
    await installLedger(adminUrl());
    return new RecordedRun(platform, initialStock, new PlatformWatch(adminUrl, () => platform.brokers));
  }

  private constructor(
    private readonly platform: Platform,
    private readonly initialStock: Readonly<Record<string, number>>,
    readonly watch: PlatformWatch,
  ) {}

  /** Milliseconds since the beginning. */
  readonly now = (): number => performance.now() - this.origin;

  /** Waits until nothing moves any more, and has the checker look at all that has happened since the beginning. */
  async judge({ requests, faults = [], quietBoundMs = QUIET_BOUND_MS, signal, say }: {
    readonly requests: readonly ClientRequest[];
    readonly faults?: readonly FaultSpan[];
    /** 120 s. */
    readonly quietBoundMs?: number;
    readonly signal: AbortSignal;
    readonly say: (line: string) => void;
  }): Promise<{ readonly record: RunRecord; readonly verdicts: readonly Verdict[] }> {
    const loadEndedMs = this.now();
    const { quietMs, standing } = await untilQuiet(this.watch, { boundMs: quietBoundMs, now: this.now, signal, say });
    signal.throwIfAborted();
    if (quietMs === null) {
      say(`not quiet within ${quietBoundMs / 1_000} s${standing === undefined ? '' : `: ${wordsOf(standing)}`}`);
    }
    const collected = await collect(this.platform, this.watch);
    const record: RunRecord = {
      run: {
        seed: 0,
        startedAt: this.startedAt,
        instances: 2,
        faultKinds: [...new Set(faults.map(({ kind }) => kind))],
        exhibit: null,
        ordersWanted: requests.length,
        loadEndedMs,
        healedMs: loadEndedMs,
        quietMs,
        quietBoundMs,
        initialStock: this.initialStock,
        platform: { node: process.version, cpus: availableParallelism(), commit: null },
      },
      requests: [...requests].sort((one, other) => one.startMs - other.startMs),
      faults,
      samples: [],
      ...collected,
      orders: withoutExisting(collected.orders),
    };
    return { record, verdicts: check(record) };
  }

  close(): Promise<void> {
    return this.watch.close();
  }
}
