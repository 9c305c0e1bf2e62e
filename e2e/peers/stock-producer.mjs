import { Kafka, logLevel } from 'kafkajs';
import { settings } from './channel.mjs';

/** kafkajs as it comes, acks = all, as ours has it; and what a peer publishes goes with all headers of ours. */
export async function stockProducer() {
  const kafka = new Kafka({ clientId: 'bench-peer', brokers: settings.brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

export function message(id, payload) {
  const { orderId } = payload;
  return { key: orderId, value: JSON.stringify(payload), headers: { ...settings.headers, ce_id: String(id), ce_subject: orderId } };
}

/** Sends each of them alone, and waits for the broker: what a handler that is called for one event can do. */
export const sendOne = (producer, id, payload) =>
  producer.send({ topic: settings.topic, acks: -1, messages: [message(id, payload)] });

export const sendMany = (producer, messages) => producer.send({ topic: settings.topic, acks: -1, messages });
