import { setTimeout as sleep } from 'node:timers/promises';
import { type EventConsumer, type EventConsumerOptions, KafkaClient } from '@waybill/kafka';
import { swap } from './swap.js';

const AGAIN_MS = 500;

export type ConsumerOptions = Omit<EventConsumerOptions, 'log'>;

export interface ClientInside {
  consumer(this: KafkaClient, options: ConsumerOptions): EventConsumer;
}

export interface Members {
  /** The service's own consumer, changed or not. */
  readonly own: ConsumerOptions;
  /** Another one in the same process. */
  readonly second?: ConsumerOptions;
  /** Before the second one starts. */
  readonly prepare?: () => Promise<void>;
}

/** Changes what the consumers of a service do, and may give them a companion that starts and stops with them. */
export function replaceConsumers(make: (options: ConsumerOptions, client: KafkaClient) => Members): void {
  const { consumer } = swap<ClientInside>(KafkaClient, {
    consumer(options): EventConsumer {
      const { own, second, prepare } = make(options, this);
      const first = consumer.call(this, own);
      if (second === undefined) {
        return first;
      }
      const companion = consumer.call(this, second);
      const { start, stop } = first;
      return Object.assign(first, {
        start: () => {
          start.call(first);
          void untilItWorks(prepare).then(() => companion.start());
        },
        stop: async () => {
          await Promise.all([stop.call(first), companion.stop()]);
        },
      });
    },
  });
}

/** Kafka may be away, or another instance may do the same at this moment. */
async function untilItWorks(prepare: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  for (;;) {
    try {
      return await prepare();
    } catch {
      await sleep(AGAIN_MS);
    }
  }
}
