import { Kafka, logLevel, type Message } from 'kafkajs';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import { stockRecord, TOPIC } from '../event-stock.js';
import type { Ground } from '../ground.js';
import type { SeriesBook } from '../series.js';

export const rawProducerName = (perSend: number): string =>
  perSend === 1 ? 'raw kafkajs, one by one' : `raw kafkajs, ${perSend} a send`;

const WARM_UP_SENDS = 5;

/** What kafkajs as it comes can do with the same records, and nothing around it: the yardstick. */
export async function rawProducer(ground: Ground, book: SeriesBook, perSend: number, records: number): Promise<void> {
  const kafka = new Kafka({ clientId: 'bench-raw', brokers: ground.brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const stock = Array.from({ length: records + WARM_UP_SENDS * perSend }, (_, index): Message => stockRecord(index));
  const send = (from: number) => producer.send({ topic: TOPIC, acks: -1, messages: stock.slice(from, from + perSend) });
  await producer.connect();
  try {
    let from = 0;
    for (; from < WARM_UP_SENDS * perSend; from += perSend) {
      await send(from);
    }
    const roots = { node: [process.pid], kafka: [ground.pids.kafka] };
    const before = cpuSeconds(roots);
    const started = performance.now();
    for (; from < stock.length; from += perSend) {
      await send(from);
    }
    const seconds = (performance.now() - started) / 1_000;
    book.add(rawProducerName(perSend), 'rows/s', records / seconds, cpuNote(before, cpuSeconds(roots), records));
  } finally {
    await producer.disconnect();
    await ground.emptyTopic();
  }
}
