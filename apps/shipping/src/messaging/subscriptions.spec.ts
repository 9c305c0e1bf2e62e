import { handledTypes } from '@waybill/contracts';
import { expect, it } from 'vitest';
import { ShippingSubscriptions } from './subscriptions.js';

it('shipping handles what the contracts say that it handles: producers go by that, and so does AsyncAPI', () => {
  const { table } = Reflect.construct(ShippingSubscriptions, []) as ShippingSubscriptions;
  expect(Object.keys(table).toSorted()).toEqual(handledTypes.shipping.toSorted());
});
