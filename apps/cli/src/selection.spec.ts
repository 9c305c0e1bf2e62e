import { describe, expect, it } from 'vitest';
import { RefusedError, UsageError } from './command-errors.js';
import { theOne } from './found.js';
import { chosenService, eventId, requireSelection } from './selection.js';
import type { ServiceDatabase } from './service-database.js';

const id = '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f';

describe('what is selected', () => {
  it('is by id, by a filter, or all of it when that is said', () => {
    expect(() => requireSelection(id, { all: false })).not.toThrow();
    expect(() => requireSelection(id, { all: false, service: 'orders' })).not.toThrow();
    expect(() => requireSelection(undefined, { all: false, type: 'waybill.order.placed.v1' })).not.toThrow();
    expect(() => requireSelection(undefined, { all: true })).not.toThrow();
  });

  it('is never everything because a filter was forgotten', () => {
    expect(() => requireSelection(undefined, { all: false })).toThrow(UsageError);
  });

  it('is not by id and by a filter at once', () => {
    expect(() => requireSelection(id, { all: false, topic: 'waybill.orders' })).toThrow('An ID names one; leave out --topic.');
    expect(() => requireSelection(id, { all: true })).toThrow('leave out --all');
  });
});

describe('an id', () => {
  it('is a UUID, in small letters', () => {
    expect(eventId(id.toUpperCase())).toBe(id);
    expect(() => eventId('42')).toThrow('ID should be the id of an event, a UUID; got "42".');
    expect(() => eventId(undefined)).toThrow(UsageError);
  });

  it('names one, or it is asked which', () => {
    const at = (service: 'orders' | 'shipping') => ({ database: { service } as ServiceDatabase, item: 1 });
    expect(theOne([at('orders')], 'dead event').database.service).toBe('orders');
    expect(() => theOne([], 'dead event')).toThrow(new RefusedError('There is no dead event.'));
    expect(() => theOne([at('orders'), at('shipping')], 'dead event')).toThrow('with orders and shipping. Say which with --service.');
  });
});

describe('a service', () => {
  it('is named by --service or by --consumer, not by two names', () => {
    expect(chosenService({ consumer: 'shipping' })).toBe('shipping');
    expect(chosenService({ service: 'orders', consumer: 'orders' })).toBe('orders');
    expect(chosenService({})).toBeUndefined();
    expect(() => chosenService({ service: 'orders', consumer: 'shipping' })).toThrow(UsageError);
  });
});
