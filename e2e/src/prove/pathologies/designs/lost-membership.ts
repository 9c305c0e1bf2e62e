import { type EventConsumer, KafkaClient } from '@waybill/kafka';
import { swap } from '../../museum/swap.js';

interface ClientInside {
  consumer(this: KafkaClient, options: Parameters<KafkaClient['consumer']>[0]): EventConsumer;
}

/** The kafkajs driver, seen from within. */
interface ConsumerInside {
  readonly member?: { readonly consumer: { stop(): Promise<void> } };
}

/*
 * The Kafka client has ended its loop, and told nobody: no crash, no error, no disconnect.
 *
 * Our side believes that it is a member with an assignment; nothing is in hand, so nothing seems to be late. Nobody reads
 * its partitions, once the group has given them to no one else.
 */
export function install(): () => void {
  const consumers: EventConsumer[] = [];
  const { consumer } = swap<ClientInside>(KafkaClient, {
    consumer(options): EventConsumer {
      const own = consumer.call(this, options);
      consumers.push(own);
      return own;
    },
  });
  return () => {
    for (const each of consumers) {
      void (each as unknown as ConsumerInside).member?.consumer.stop();
    }
  };
}
