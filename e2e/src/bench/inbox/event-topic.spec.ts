import { describe, expect, it } from 'vitest';
import { eventsFor } from './event-topic.js';

const ids = (withCopies: boolean) => eventsFor(6_000, withCopies).map(({ headers }) => headers['ce_id']);

describe('the events of a topic', () => {
  it('are all different', () => {
    expect(new Set(ids(false)).size).toBe(6_000);
  });

  it('come again for every fifth, in the same partition, a thousand events later', () => {
    const events = eventsFor(6_000, true);
    expect(new Set(ids(true)).size).toBe(5_000);
    expect(events[1_004]).toBe(events[4]);
    expect(events[1_005]?.headers['ce_id']).not.toBe(events[5]?.headers['ce_id']);
  });
});
