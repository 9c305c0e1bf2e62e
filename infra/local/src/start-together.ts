import { messageOf } from './error-message.js';

interface Stoppable {
  stop(): Promise<void>;
}

/** Waits for two starts. If one fails, stops what came up and tells of every failure. */
export async function startTogether<A extends Stoppable, B extends Stoppable>(
  a: Promise<A>,
  b: Promise<B>,
): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    return [first.value, second.value];
  }
  const failures: unknown[] = [];
  for (const outcome of [first, second]) {
    if (outcome.status === 'fulfilled') {
      await outcome.value.stop();
    } else {
      failures.push(outcome.reason);
    }
  }
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(messageOf).join('\n'));
}
