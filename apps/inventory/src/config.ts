import { databaseConfig, httpConfig, inboxConfig, kafkaConfig, rolesConfig, shutdownConfig, telemetryConfig } from '@waybill/config';
import { z } from 'zod';

/** Every variable that this service reads. */
export const configSchema = z.object({
  ...httpConfig('inventory', 3002),
  ...databaseConfig('inventory'),
  ...kafkaConfig,
  ...inboxConfig,
  ...rolesConfig,
  ...shutdownConfig,
  ...telemetryConfig,
});
