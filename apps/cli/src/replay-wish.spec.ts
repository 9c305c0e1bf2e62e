import { describe, expect, it } from 'vitest';
import { UsageError } from './command-errors.js';
import { checkBeginning, consumerOf, extentOf } from './replay-wish.js';

describe('a replay', () => {
  it('is into a consumer that reads the topic', () => {
    expect(consumerOf('inventory', 'waybill.orders')).toBe('inventory');
    expect(() => consumerOf('carrier', 'waybill.orders')).toThrow('CONSUMER should be one of orders, inventory, shipping; got "carrier".');
    expect(() => consumerOf('shipping', 'waybill.inventory')).toThrow('shipping reads waybill.orders; got --topic waybill.inventory.');
  });

  it('begins at a time or at an offset', () => {
    const options = { topic: 'waybill.orders', partition: undefined };
    const time = new Date();
    expect(() => checkBeginning({ ...options, 'from-time': time, 'from-offset': undefined })).not.toThrow();
    expect(() => checkBeginning({ ...options, 'from-time': undefined, 'from-offset': '0' })).not.toThrow();
    expect(() => checkBeginning({ ...options, 'from-time': time, 'from-offset': '0' })).toThrow(UsageError);
    expect(() => checkBeginning({ ...options, 'from-time': undefined, 'from-offset': undefined })).toThrow(UsageError);
  });

  it('covers what lies between its beginning and where the consumer is', () => {
    const lags = [{ partition: 0, committed: '10' }, { partition: 1, committed: '4' }, { partition: 2 }];
    const extent = extentOf(lags, new Map([[0, '2']]), () => '0');
    expect(extent).toEqual({
      positions: { 0: '2', 1: '0' },
      partitions: [
        { partition: 0, from: '2', to: '10', records: 8 },
        { partition: 1, from: '0', to: '4', records: 4 },
      ],
    });
  });
});
