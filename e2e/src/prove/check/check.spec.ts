import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../record.js';
import { check } from './check.js';
import { type DoctoredRecord, type Mutation, mutations, type Pick } from './mutations.js';
import { mulberry32, validHistory } from './valid-history.js';
import { type Invariant, invariants, type Verdict } from './verdict.js';

const ORDERS = 45;
const histories = Array.from({ length: 12 }, (_, at) => ({ seed: at + 1, record: validHistory({ seed: at + 1, orders: ORDERS }) }));

interface Trial {
  readonly seed: number;
  readonly verdicts: readonly Verdict[];
}

/** The verdicts about what the mutation makes of these histories, of those in which there is something for it. */
function trialsOf(mutation: Mutation): Trial[] {
  return histories.flatMap(({ seed, record: valid }) => {
    const record = structuredClone(valid) as DoctoredRecord;
    const random = mulberry32(seed * 1_000 + 7);
    const pick: Pick = (from) => from[Math.floor(random() * from.length)];
    return mutation.doctor(record, pick) ? [{ seed, verdicts: check(record) }] : [];
  });
}

function resultOf(verdicts: readonly Verdict[], invariant: string): string | undefined {
  return verdicts.find((verdict) => verdict.invariant === invariant)?.result;
}

describe('the checker', () => {
  it.each(mutations.map((mutation) => [mutation.breaks, mutation.name, mutation] as const))(
    'finds %s broken where %s',
    (breaks, _name, mutation) => {
      const trials = trialsOf(mutation);
      expect(trials.length).toBeGreaterThan(histories.length / 3);
      expect(trials.filter(({ verdicts }) => resultOf(verdicts, breaks) !== 'broken').map(({ seed }) => seed)).toEqual([]);
    },
  );

  it.each(invariants)('is tested for %s by at least two mutations', (invariant) => {
    expect(mutations.filter(({ breaks }) => breaks === invariant).length).toBeGreaterThanOrEqual(2);
  });
});

describe('a check', () => {
  const calm = validHistory({ seed: 1, orders: 30, trouble: 0 });
  const verdictOf = (record: RunRecord, invariant: Invariant) => check(record).find((verdict) => verdict.invariant === invariant)!;

  it('of nothing proves nothing', () => {
    const nothing: RunRecord = {
      ...calm,
      run: { ...calm.run, initialStock: {} },
      ...{ requests: [], faults: [], samples: [], ledger: [], handled: [], changes: [], outbox: [], parked: [], deadRecords: [] },
      ...{ orders: [], reservations: [], shipments: [], stock: [], labels: [], records: [], offsets: [] },
    };
    const { replay, ...unreplayed } = nothing;
    expect(replay).toBeDefined();
    expect(check(unreplayed).map(({ result, checked }) => `${result} ${checked}`)).toEqual(invariants.map(() => 'not-checked 0'));
  });

  it('says how many it found, and names the first thousand', () => {
    const orders = Array.from({ length: 1_500 }, (_, at) => ({ id: `order-${at}`, status: 'PLACED', version: 1, reason: null, lines: [] }));
    const { violations, violationCount } = verdictOf({ ...calm, orders }, 'I9');
    expect(violationCount).toBe(1_500);
    expect(violations).toHaveLength(1_000);
  });

  it('of a run that was not replayed, or not restarted in turn, says so', () => {
    const { replay, ...unreplayed } = calm;
    expect(replay).toBeDefined();
    expect(verdictOf(unreplayed, 'I11')).toMatchObject({ result: 'not-checked', remark: 'nothing was replayed' });
    expect(verdictOf({ ...calm, faults: [] }, 'I13')).toMatchObject({ result: 'not-checked', remark: 'nothing was restarted in turn' });
  });

  it('of a rolling restart leaves out what another fault may have done, and connections that were refused', () => {
    const [rolling] = calm.faults;
    const refused = calm.requests.map((request) => ({ ...request, result: 'unknown' as const, status: null, error: 'ECONNREFUSED' }));
    expect(verdictOf({ ...calm, requests: refused }, 'I13').result).toBe('not-checked');
    const reset = refused.map((request) => ({ ...request, error: 'ECONNRESET' }));
    expect(verdictOf({ ...calm, requests: reset }, 'I13').result).toBe('broken');
    const before = { ...rolling!, kind: 'database', startMs: 0, endMs: 1, recoveredMs: null };
    expect(verdictOf({ ...calm, requests: reset, faults: [before, rolling!] }, 'I13').result).toBe('not-checked');
    expect(verdictOf({ ...calm, requests: reset, faults: [{ ...before, recoveredMs: 5 }, rolling!] }, 'I13').result).toBe('broken');
    expect(verdictOf({ ...calm, requests: reset, faults: [{ ...before, kind: 'carrier' }, rolling!] }, 'I13').result).toBe('broken');
  });

  it('never takes an unknown answer for a failed one: its order may be there, or not', () => {
    const [first] = calm.requests.filter(({ kind, scenario }) => kind === 'place' && scenario === 'good');
    const lost = { ...first!, result: 'unknown' as const, status: null, orderId: null, answerHash: null };
    const requests = calm.requests.map((request) => (request === first ? lost : request));
    const never = { ...lost, key: 'never', wish: 1_000 };
    expect(check({ ...calm, requests: [...requests, never] }).filter(({ result }) => result === 'broken')).toEqual([]);
  });

  it('lists the orders that wait for an operator, and does not blame them', () => {
    const [waiting] = histories.flatMap(({ record }) =>
      record.parked.flatMap((dead) => {
        const order = record.orders.find(({ id, status }) => id === dead.key && status === 'PLACED');
        return dead.state === 'dead' && order !== undefined ? [{ record, order }] : [];
      }),
    );
    const { result, remark } = verdictOf(waiting!.record, 'I9');
    expect(result).toBe('holds');
    expect(remark).toMatch(/^\d+ orders? waits? for an operator/);
    expect(remark).toContain(waiting!.order.id);
  });

  it('takes no lease of a shipment for a change', () => {
    const asked = calm.changes.find(({ table, status }) => table === 'shipments' && status === 'REQUESTED')!;
    const changes = calm.changes.flatMap((change) => (change === asked ? [change, { ...change, serial: change.serial + 0.5, txid: '1' }] : [change]));
    expect(check({ ...calm, changes }).filter(({ result }) => result === 'broken')).toEqual([]);
  });
});
