import { handledTypes } from '@waybill/contracts';
import { expect, it } from 'vitest';
import { OrderSubscriptions } from './subscriptions.js';

it('orders handles what the contracts say that it handles: producers go by that, and so does AsyncAPI', () => {
  const { table } = Reflect.construct(OrderSubscriptions, []) as OrderSubscriptions;
  expect(Object.keys(table).toSorted()).toEqual(handledTypes.orders.toSorted());
});
