import { describe, expect, it } from 'vitest';
import { brokenBy, changesOf, madeUpRecord, placed, verdictsWith } from './made-up-record.js';
import { storiesOf } from './stories.js';

describe('the stories that a page tells', () => {
  const changes = [...changesOf('long', 9), ...changesOf('short', 2), ...changesOf('middle', 5)];
  const record = madeUpRecord({ orders: placed('long', 'short', 'middle'), changes });

  it('are those of the failing orders, the shortest first, with what each breaks', () => {
    const { kind, failing, stories } = storiesOf(record, verdictsWith({ I2: brokenBy('I2', ['long', 'short']), I7: brokenBy('I7', ['long']) }));
    expect({ kind, failing }).toEqual({ kind: 'failing', failing: 2 });
    expect(stories.map(({ orderId, violations }) => [orderId, violations.map(({ invariant }) => invariant)])).toEqual([
      ['short', ['I2']],
      ['long', ['I2', 'I7']],
    ]);
  });

  it('are the longest one when no order fails', () => {
    const { kind, stories } = storiesOf(record, verdictsWith());
    expect(kind).toBe('exemplary');
    expect(stories.map(({ orderId, lines }) => [orderId, lines.length])).toEqual([['long', 10]]);
  });

  it('are none without an order', () => {
    expect(storiesOf(madeUpRecord(), verdictsWith()).stories).toEqual([]);
  });

  it('are twenty at most, none of them without an end', () => {
    const ids = Array.from({ length: 50 }, (_, index) => `order-${index}`);
    const many = madeUpRecord({ orders: placed(...ids), changes: ids.flatMap((id) => changesOf(id, 3)) });
    expect(storiesOf(many, verdictsWith({ I1: brokenBy('I1', ids) }))).toMatchObject({ failing: 50, stories: { length: 20 } });
    const endless = madeUpRecord({ orders: placed('a'), changes: changesOf('a', 1_000) });
    expect(storiesOf(endless, verdictsWith()).stories[0]).toMatchObject({ lines: { length: 150 }, left: 851 });
  });
});
