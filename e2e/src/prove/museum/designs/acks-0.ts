import { Kafka, type Producer, type ProducerConfig } from 'kafkajs';
import { swap } from '../swap.js';

interface ClientInside {
  producer(this: Kafka, config?: ProducerConfig): Producer;
}

/*
 * acks = 0: a record counts as sent when it is in the socket.
 *
 * It looks right because it is a setting of the client, it is fast, and in every test the records are there. But nobody
 * has received them yet: what a dying broker, a cut connection or a full buffer held is gone, and the relay, which has
 * been told "sent", deletes the rows.
 *
 * Who: the OpenTelemetry demo's checkout produced its orders like this.
 */
export function install(): void {
  const { producer } = swap<ClientInside>(Kafka, {
    producer(config): Producer {
      const own = producer.call(this, config);
      return { ...own, sendBatch: (batch) => own.sendBatch({ ...batch, acks: 0 }) };
    },
  });
}
