import { handledTypes } from '@waybill/contracts';
import { expect, it } from 'vitest';
import { InventorySubscriptions } from './subscriptions.js';

it('inventory handles what the contracts say that it handles: producers go by that, and so does AsyncAPI', () => {
  const { table } = Reflect.construct(InventorySubscriptions, []) as InventorySubscriptions;
  expect(Object.keys(table).toSorted()).toEqual(handledTypes.inventory.toSorted());
});
