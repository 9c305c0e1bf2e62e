import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** 20 s. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** What is waited for, for the message of a failure. */
  readonly what?: string;
}

/**
 * Waits for a condition instead of sleeping a guess: asks again until the answer is truthy, and returns it.
 *
 * An error of the condition counts as "not yet", and is told when time has run out.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const end = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      last = await condition();
      if (last !== undefined && last !== null && last !== false) {
        return last as NonNullable<T>;
      }
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) {
      throw new Error(`${options.what ?? 'the condition'} did not come true within ${timeoutMs} ms`, { cause: last });
    }
    await sleep(options.intervalMs ?? 20);
  }
}
