import { z } from 'zod';
import { modes } from '../domain/behaviour.js';

const DELAY_MAX_MS = 60_000;

/** What is left out is as in a carrier that behaves. */
export const behaviourDto = z
  .strictObject({
    mode: z.enum(modes).default('ok'),
    delayMs: z.int().min(0).max(DELAY_MAX_MS).default(0),
    failureRate: z.number().min(0).max(1).default(0),
  })
  .meta({ id: 'Behaviour' });
export type BehaviourDto = z.output<typeof behaviourDto>;
