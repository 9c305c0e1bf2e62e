import { Kafka, logLevel } from 'kafkajs';
import { AGGREGATES, type StockRecord,stockRecord } from '../event-stock.js';

const PER_SEND = 500;
/** A copy comes as late as this many events: later than its own chunk, as copies do. */
const COPY_AFTER = AGGREGATES;

/** The events of a topic; every fifth is a copy of an earlier one where `withCopies`. Each partition in its order. */
export function eventsFor(count: number, withCopies: boolean): StockRecord[] {
  const records: StockRecord[] = [];
  for (let index = 0; index < count; index++) {
    const isCopy = withCopies && index >= COPY_AFTER && index % 5 === 4;
    records.push((isCopy ? records[index - COPY_AFTER] : undefined) ?? stockRecord(index));
  }
  return records;
}

export async function fillTopic(brokers: string, topic: string, records: readonly StockRecord[]): Promise<void> {
  const kafka = new Kafka({ clientId: 'bench-fill', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    for (let from = 0; from < records.length; from += PER_SEND) {
      await producer.send({ topic, acks: -1, messages: records.slice(from, from + PER_SEND) });
    }
  } finally {
    await producer.disconnect();
  }
}
