import { expect, it } from 'vitest';
import { missingParts } from './coverage.js';

it('tells what a survey has not found', () => {
  expect(missingParts([])).toContain('relay: produce');
  const found = missingParts(['outbox/outbox-relay send: sendBatch', 'orders/http/orders.controller place: COMMIT']);
  expect(found).not.toContain('relay: produce');
  expect(found).not.toContain('HTTP: COMMIT');
  expect(found).toContain('inbox: the dedup row');
});
