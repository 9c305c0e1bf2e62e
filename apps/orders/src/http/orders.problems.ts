import { ProblemError } from '@waybill/service-defaults';
import type { OrderStatus } from '../domain/order.js';

export function orderNotFound(id: string): ProblemError {
  return new ProblemError({
    code: 'order-not-found',
    status: 404,
    title: 'There is no such order',
    detail: `No order has the id ${id}.`,
  });
}

export function orderNotCancellable(status: OrderStatus): ProblemError {
  return new ProblemError({
    code: 'order-not-cancellable',
    status: 409,
    title: 'The order cannot be cancelled any more',
    detail: `It is ${status}.`,
  });
}

export function idempotencyKeyInvalid(message: string): ProblemError {
  return new ProblemError({
    code: 'validation',
    status: 400,
    title: 'The request is not valid',
    detail: 'One field is wrong; see errors.',
    errors: [{ field: 'Idempotency-Key', message }],
  });
}

export function idempotencyKeyReused(): ProblemError {
  return new ProblemError({
    code: 'idempotency-key-reused',
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    detail: 'A request with this Idempotency-Key and another body was answered before. Use a new key for a new order.',
  });
}

export function idempotencyKeyBusy(cause: unknown): ProblemError {
  return new ProblemError({
    code: 'idempotency-key-busy',
    status: 409,
    title: 'A request with the same Idempotency-Key is being worked on',
    detail: 'Send it again in a second: it then gets the answer of the first one.',
    headers: { 'retry-after': '1' },
    cause,
  });
}
