import { until } from '@waybill/testing';
import type { Driver } from '../kafka-driver.js';
import { Worker } from '../worker.js';
import type { AcknowledgedTimes, RelayAnswer, RelaySettings } from './relay-worker.js';

export interface TeamOptions {
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly size: number;
  readonly driver?: Driver;
  readonly keepTimes?: boolean;
}

const SHARDS = 64;
/** Longer than a lease lives, so that what a predecessor left is taken over. */
const SETTLE_TIMEOUT_MS = 30_000;
const SETTLE_MS = 1_500;

/** Relays of one outbox, each a process of its own. */
export class RelayTeam {
  private constructor(private readonly workers: readonly Worker[]) {}

  /** Resolves when all shards are owned, and the members have stopped passing them to one another. */
  static async start({ databaseUrl, brokers, size, driver = 'kafkajs', keepTimes = false }: TeamOptions): Promise<RelayTeam> {
    const workers: Worker[] = [];
    const team = new RelayTeam(workers);
    try {
      for (let index = 0; index < size; index++) {
        const settings: RelaySettings = { databaseUrl, brokers, driver, keepTimes, name: `bench-relay-${index + 1}` };
        const worker = await Worker.start({ program: new URL('./relay-worker.js', import.meta.url), settings });
        workers.push(worker);
        await worker.ask('start');
      }
      await team.settled();
      return team;
    } catch (error) {
      await team.stop();
      throw error;
    }
  }

  get pids(): number[] {
    return this.workers.map(({ pid }) => pid);
  }

  status(): Promise<RelayAnswer[]> {
    return Promise.all(this.workers.map((worker) => worker.ask<RelayAnswer>('status')));
  }

  async published(): Promise<number> {
    return (await this.status()).reduce((sum, { published }) => sum + published, 0);
  }

  /** Resolves when this many rows more than at `before` are acknowledged; answers when the last one was. */
  async publishes(rows: number, before: number, timeoutMs: number): Promise<number> {
    const status = await until(
      async () => {
        const all = await this.status();
        return all.reduce((sum, { published }) => sum + published, 0) >= before + rows ? all : undefined;
      },
      { timeoutMs, intervalMs: 50, what: `the relays to send ${rows} rows` },
    );
    return Math.max(...status.map(({ lastAt }) => lastAt));
  }

  async times(): Promise<AcknowledgedTimes[]> {
    return Promise.all(this.workers.map((worker) => worker.ask<AcknowledgedTimes>('times')));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(
      this.workers.map(async (worker) => {
        await worker.ask('stop');
        await worker.stop();
      }),
    );
  }

  private async settled(): Promise<void> {
    let last = '';
    let since = performance.now();
    await until(
      async () => {
        const shards = (await this.status()).map((each) => each.shards);
        const seen = shards.join(' ');
        if (seen !== last) {
          last = seen;
          since = performance.now();
        }
        return shards.reduce((sum, each) => sum + each, 0) === SHARDS && performance.now() - since >= this.settleMs();
      },
      { timeoutMs: SETTLE_TIMEOUT_MS, intervalMs: 50, what: 'the relays to share the shards' },
    );
  }

  /** One relay has nobody to share with. */
  private settleMs(): number {
    return this.workers.length === 1 ? 0 : SETTLE_MS;
  }
}
