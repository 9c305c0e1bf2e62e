import { between, oneOf } from '../random.js';
import type { Fault, World } from './fault.js';

/** The carrier is slow, silent, broken, broken now and then, or refuses: what a company in the outside world does. */
export function carrierFault({ platform, random }: World): Fault {
  const behaviour = oneOf(random, [
    { detail: 'answers 500', mode: 'fail' },
    { detail: 'never answers', mode: 'silent' },
    { detail: 'refuses every label', mode: 'refuse' },
    { detail: 'answers after 1.5 s', mode: 'ok', delayMs: 1_500 },
    { detail: 'fails every other time', mode: 'ok', failureRate: 0.5 },
  ]);
  const { detail, ...rest } = behaviour;
  return {
    kind: 'carrier',
    target: 'carrier',
    detail,
    durationMs: between(random, 2_000, 6_000),
    inject: () => platform.customer.carrier(rest),
    heal: () => platform.customer.carrier({ mode: 'ok' }),
  };
}
