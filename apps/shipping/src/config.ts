import {
  databaseConfig,
  durationMs,
  healthConfig,
  httpConfig,
  httpUrl,
  inboxConfig,
  integer,
  kafkaConfig,
  outboxConfig,
  rolesConfig,
  shutdownConfig,
  telemetryConfig,
} from '@waybill/config';
import { z } from 'zod';

/** Every variable that this service reads. */
export const configSchema = z.object({
  ...httpConfig('shipping', 3003),
  ...databaseConfig('shipping'),
  ...kafkaConfig,
  ...inboxConfig,
  ...outboxConfig,
  ...rolesConfig,
  ...healthConfig,
  ...shutdownConfig,
  ...telemetryConfig,
  CARRIER_URL: httpUrl().default('http://127.0.0.1:3004').describe("Address of the carrier's HTTP API."),
  CARRIER_TIMEOUT_MS: durationMs({ min: 50, max: 60_000 })
    .default(2_000)
    .describe('A call to the carrier that is not answered by then has an unknown outcome; it is made again with the same key.'),
  CARRIER_CALLS_MAX: integer({ min: 1, max: 200 })
    .default(16)
    .describe('Calls to the carrier at once, per process: what a slow carrier may tie up.'),
  CARRIER_RETRY_MAX_MS: durationMs({ min: 200, max: 3_600_000 })
    .default(30_000)
    .describe('The longest pause before the carrier is asked again about the same shipment.'),
});

export type ShippingConfig = Readonly<z.output<typeof configSchema>>;
