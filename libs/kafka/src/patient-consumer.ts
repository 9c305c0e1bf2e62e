import { Base, type CallbackWithPromise, Consumer, type ConsumerOptions, kPerformDeduplicated } from '@platformatic/kafka';
import { HEARTBEAT_MS } from './kafka-driver.js';

/**
 * The client's consumer, with one difference: it joins again as soon as a heartbeat tells of a rebalance, and others
 * get the partitions while we still work on them. Here it hears of the rebalance when that work is done; until then
 * the heart goes on beating.
 */
export class PatientConsumer extends Consumer {
  constructor(
    options: ConsumerOptions<Buffer, Buffer, Buffer, Buffer>,
    private readonly giveBack: () => Promise<void>,
  ) {
    super(options);
  }

  async disconnect(): Promise<void> {
    // Not `close` of the consumer: that leaves the group first, and fails where nobody answers.
    await Base.prototype.close.call(this);
  }

  override [kPerformDeduplicated]<T>(
    name: string,
    operation: (callback: CallbackWithPromise<T>) => void,
    callback: CallbackWithPromise<T>,
  ): void | Promise<T> {
    if (name !== 'heartbeat') {
      return super[kPerformDeduplicated](name, operation, callback);
    }
    return super[kPerformDeduplicated](name, operation, (error, payload) => {
      if (error === null || !asksToRejoin(error)) {
        callback(error, payload);
        return;
      }
      const beats = setInterval(() => {
        void super[kPerformDeduplicated](name, operation, () => undefined);
      }, HEARTBEAT_MS);
      void this.giveBack().finally(() => {
        clearInterval(beats);
        callback(error, payload);
      });
    });
  }
}

function asksToRejoin(error: Error): boolean {
  const { findBy } = error as { findBy?: (property: string, value: unknown) => unknown };
  return Boolean(findBy?.call(error, 'needsRejoin', true));
}
