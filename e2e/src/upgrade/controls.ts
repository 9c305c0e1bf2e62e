import { setTimeout as sleep } from 'node:timers/promises';
import { untilQuiet } from '../prove/quiet.js';
import type { OpenLoopResult } from '../prove/rolling/load.js';
import { Fleet, type Version } from './fleet.js';
import { RecordedRun } from './recorded-run.js';
import { failed, LOAD_SKU, LOAD_STOCK, Traffic } from './traffic.js';

/** The same change, made as one would like to make it. */
export interface ControlResult {
  readonly name: string;
  readonly sent: number;
  /** None would mean that the proof sees nothing. */
  readonly failed: number;
  readonly example: string;
}

interface Control {
  readonly name: string;
  readonly make: readonly string[];
  readonly takeBack: readonly string[];
}

const PER_SECOND = 200;
const BEFORE_MS = 1_000;
const AFTER_MS = 3_000;
const HEAL_BOUND_MS = 60_000;

const controls: readonly Control[] = [
  {
    name: 'the column renamed and retyped under the version that uses it',
    make: ['ALTER TABLE orders RENAME COLUMN customer_id TO customer_ref', 'ALTER TABLE orders ALTER COLUMN customer_ref TYPE text'],
    takeBack: [
      'ALTER TABLE orders ALTER COLUMN customer_ref TYPE uuid USING customer_ref::uuid',
      'ALTER TABLE orders RENAME COLUMN customer_ref TO customer_id',
    ],
  },
  {
    name: 'the contract forced while the version before still runs',
    make: [
      'ALTER TABLE orders ADD COLUMN customer_ref text',
      'UPDATE orders SET customer_ref = customer_id::text',
      'ALTER TABLE orders DROP COLUMN customer_id',
    ],
    takeBack: [
      'ALTER TABLE orders ADD COLUMN customer_id uuid',
      'UPDATE orders SET customer_id = customer_ref::uuid',
      'ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL',
      'ALTER TABLE orders DROP COLUMN customer_ref',
    ],
  },
];

export interface ControlOptions {
  readonly previous: Version;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Makes the change in the ways in which it fails, one after another on one platform of the version before. */
export async function runControls({ previous, say = () => undefined, signal = new AbortController().signal }: ControlOptions): Promise<ControlResult[]> {
  const fleet = await Fleet.start(previous);
  try {
    const run = await RecordedRun.begin(fleet.platform, { [LOAD_SKU]: LOAD_STOCK });
    try {
      const results: ControlResult[] = [];
      for (const { name, make, takeBack } of controls) {
        signal.throwIfAborted();
        const load = await underLoad(fleet, run, () => run.watch.aside('orders', make.join('; ')));
        await run.watch.aside('orders', takeBack.join('; '));
        results.push({ name, sent: load.sent, failed: failed(load), example: load.failures[0]?.example ?? '' });
        say(`${name}: ${failed(load)} of ${load.sent} requests failed`);
        await untilQuiet(run.watch, { boundMs: HEAL_BOUND_MS, now: run.now, signal });
      }
      return results;
    } finally {
      await run.close();
    }
  } finally {
    await fleet.stop();
  }
}

async function underLoad(fleet: Fleet, run: RecordedRun, change: () => Promise<void>): Promise<OpenLoopResult> {
  const traffic = await Traffic.open(fleet.platform, { perSecond: PER_SECOND, run: `control-${run.now()}`, now: run.now });
  try {
    await sleep(BEFORE_MS);
    await change();
    await sleep(AFTER_MS);
  } finally {
    await traffic.close();
  }
  return traffic.close();
}
