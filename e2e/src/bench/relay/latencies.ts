import type { AcknowledgedTimes } from './relay-worker.js';
import type { StreamAnswer } from './stream-worker.js';

/** Milliseconds from the commit of each row to the broker's acknowledgement. */
export function latencies({ first, committed }: Pick<StreamAnswer, 'first' | 'committed'>, times: readonly AcknowledgedTimes[]): number[] {
  const found: number[] = [];
  for (const { numbers, at } of times) {
    numbers.forEach((number, index) => {
      const from = committed[number - first];
      const to = at[index];
      if (from !== undefined && !Number.isNaN(from) && to !== undefined) {
        // The relay may be quicker than the answer to COMMIT.
        found.push(Math.max(0, to - from));
      }
    });
  }
  return found;
}
