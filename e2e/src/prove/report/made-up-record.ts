import { type Invariant, invariants, type Verdict } from '../check/verdict.js';
import type { ChangeRow, FaultSpan, RunHeader, RunRecord, Sample } from '../record.js';

/** A record of a run that never was, for the specs of the report: what a spec is not about is empty. */
export function madeUpRecord({ run, ...rows }: Partial<Omit<RunRecord, 'run'>> & { readonly run?: Partial<RunHeader> } = {}): RunRecord {
  return {
    ...{ requests: [], faults: [], samples: [], ledger: [], handled: [], changes: [], outbox: [], parked: [], deadRecords: [] },
    ...{ orders: [], reservations: [], shipments: [], stock: [], labels: [], records: [], offsets: [] },
    ...rows,
    run: {
      ...{ seed: 7, startedAt: 1_700_000_000_000, instances: 2, faultKinds: ['kill'], exhibit: null, ordersWanted: 300 },
      ...{ loadEndedMs: 10_000, healedMs: 12_000, quietMs: 15_000, quietBoundMs: 120_000, initialStock: {} },
      platform: { node: 'v20.0.0', cpus: 2, commit: 'abc1234' },
      ...run,
    },
  };
}

export function madeUpSample(part: Partial<Sample>): Sample {
  return { ...{ atMs: 0, accepted: 0, ended: 0, outboxRows: 0, lag: 0, p50Ms: 5, p99Ms: 9, unknown: 0 }, ...part };
}

export function madeUpFault(part: Partial<FaultSpan>): FaultSpan {
  return { ...{ kind: 'kill', target: 'orders-1', detail: 'kill -9', startMs: 1_000, endMs: 2_000, recoveredMs: 500 }, ...part };
}

/** An order that has changed so many times. */
export function changesOf(orderId: string, times: number): ChangeRow[] {
  return Array.from({ length: times }, (_, index) => ({
    ...{ service: 'orders', serial: index, txid: String(index), at: 1_700_000_000_000 + index, table: 'orders', id: orderId },
    ...{ version: index + 1, status: 'PLACED', onHand: null, reserved: null },
  }));
}

export function placed(...ids: readonly string[]): RunRecord['orders'] {
  return ids.map((id) => ({ id, status: 'PLACED', version: 1, reason: null, lines: [] }));
}

/** All hold, but for those that are given. */
export function verdictsWith(broken: Partial<Record<Invariant, Partial<Verdict>>> = {}): Verdict[] {
  return invariants.map((invariant) => ({
    ...{ invariant, title: `what ${invariant} says`, result: 'holds', checked: 1_234, violations: [], violationCount: 0, remark: null },
    ...broken[invariant],
  }));
}

/** Broken by each of these orders. */
export function brokenBy(invariant: Invariant, orderIds: readonly string[], what = 'not as it should be'): Partial<Verdict> {
  const violations = orderIds.map((orderId) => ({ invariant, orderId, what }));
  return { result: 'broken', violations, violationCount: violations.length };
}
