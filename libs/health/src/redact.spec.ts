import { expect, it } from 'vitest';
import { withoutPasswords } from './redact.js';

it('shows hosts, and no login', () => {
  expect(withoutPasswords('connect ECONNREFUSED 10.0.0.7:5432')).toBe('connect ECONNREFUSED 10.0.0.7:5432');
  expect(withoutPasswords('no answer from postgres://orders_a:geheim@10.0.0.7/orders?password=geheim&x=1')).toBe(
    'no answer from postgres://***@10.0.0.7/orders?password=***&x=1',
  );
});
