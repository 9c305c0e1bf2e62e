import { Inject, Injectable } from '@nestjs/common';
import type { OrderLine, ShipTo } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { type Order, place } from '../domain/order.js';
import { type IdempotencyScope, takeIdempotencyKey } from '../persistence/idempotency-keys.js';
import { insertOrder } from '../persistence/orders.js';
import { orderPlaced } from './order-events.js';

export interface PlaceOrderCommand {
  readonly customerId: string;
  readonly lines: readonly OrderLine[];
  readonly shipTo: ShipTo;
  readonly deadlineMs: number;
}

/** Makes the command safe to repeat: the first one with this key places an order, the others get its answer. */
export interface Repeatable extends IdempotencyScope {
  readonly bodyHash: Buffer;
  /** What the caller is told of the order: kept with the key, and told again. */
  readonly answer: (order: Order) => unknown;
}

export type PlaceOrderResult =
  | { readonly kind: 'placed'; readonly order: Order }
  | { readonly kind: 'placed-before'; readonly answer: unknown }
  | { readonly kind: 'key-of-another-order' };

@Injectable()
export class PlaceOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** Stores the order and its event in the caller's transaction: both commit, or neither. */
  async run(manager: EntityManager, command: PlaceOrderCommand, repeatable?: Repeatable): Promise<PlaceOrderResult> {
    const order = place({ ...command, id: uuidv7(), placedAt: new Date() });

    if (repeatable !== undefined) {
      const { bodyHash, answer } = repeatable;
      const taken = await takeIdempotencyKey(manager, repeatable, bodyHash, answer(order), order.createdAt);
      if (taken.kind === 'replay') {
        return { kind: 'placed-before', answer: taken.answer };
      }
      if (taken.kind === 'other-body') {
        return { kind: 'key-of-another-order' };
      }
    }

    // One round trip for both: neither needs the other's answer.
    await Promise.all([insertOrder(manager, order), this.outbox.append(manager, orderPlaced(order))]);
    return { kind: 'placed', order };
  }
}
