import { durationMs, file, healthConfig, httpConfig, shutdownConfig, telemetryConfig } from '@waybill/config';
import { z } from 'zod';

/** Every variable that this service reads. */
export const configSchema = z.object({
  ...httpConfig('carrier', 3004),
  ...healthConfig,
  ...shutdownConfig,
  ...telemetryConfig,
  HTTP_REQUEST_TIMEOUT_MS: durationMs({ min: 100, max: 3_600_000 })
    .default(3_600_000)
    .describe('A carrier that is told to be silent must not be answered for.'),
  CARRIER_DATA_FILE: file({ example: '.waybill/carrier.jsonl' })
    .optional()
    .meta({ otherwise: 'it forgets everything when it ends' })
    .describe('Where the carrier remembers keys and deletions, so that a restart makes no second label.'),
});

export type CarrierConfig = Readonly<z.output<typeof configSchema>>;
