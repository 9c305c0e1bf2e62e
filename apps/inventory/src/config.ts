import {
  databaseConfig,
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

/** Every variable that this service reads. */
export const configSchema = z.object({
  ...httpConfig('inventory', 3002),
  ...databaseConfig('inventory'),
  ...kafkaConfig,
  ...inboxConfig,
  ...outboxConfig,
  ...rolesConfig,
  ...healthConfig,
  ...shutdownConfig,
  ...telemetryConfig,
});
