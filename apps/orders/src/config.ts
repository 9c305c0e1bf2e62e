import {
  databaseConfig,
  durationMs,
  healthConfig,
  httpConfig,
  inboxConfig,
  kafkaConfig,
  outboxConfig,
  rolesConfig,
  shutdownConfig,
  telemetryConfig,
} from '@waybill/config';
import { z } from 'zod';

const HOUR_MS = 60 * 60 * 1_000;

/** Every variable that this service reads. */
export const configSchema = z.object({
  ...httpConfig('orders', 3001),
  ...databaseConfig('orders'),
  ...kafkaConfig,
  ...inboxConfig,
  ...outboxConfig,
  ...rolesConfig,
  ...healthConfig,
  ...shutdownConfig,
  ...telemetryConfig,
  ORDERS_DEADLINE_MS: durationMs({ min: 1_000, max: 30 * 24 * HOUR_MS })
    .default(24 * HOUR_MS)
    .describe('How long an order may take until it is shipped. Far longer than any outage that should be sat out.'),
  ORDERS_IDEMPOTENCY_TTL_MS: durationMs({ min: 60_000, max: 30 * 24 * HOUR_MS })
    .default(24 * HOUR_MS)
    .describe('How long the answer to an Idempotency-Key is kept: at least as long as any client goes on retrying.'),
});

export type OrdersConfig = Readonly<z.output<typeof configSchema>>;
