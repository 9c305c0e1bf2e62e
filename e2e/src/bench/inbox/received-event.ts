import { isEventType, readData, readEnvelope, type ReceivedEvent } from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';

/** The event in a record, checked as a service checks it. */
export function receivedEvent(record: ConsumedRecord): ReceivedEvent {
  const read = readEnvelope(record.headers, record.key);
  if (read.kind === 'no-event' || !isEventType(read.envelope.type)) {
    throw new Error(`expected an event, got ${read.kind === 'no-event' ? read.problem : read.envelope.type}`);
  }
  const { type } = read.envelope;
  const data = readData(type, record.value?.toString('utf8'));
  if (data.kind !== 'data') {
    throw new Error(`expected the data of ${type}: ${data.problem}`);
  }
  const { topic, partition, offset } = record;
  return { ...read.envelope, topic, partition, offset, data: data.data } as ReceivedEvent;
}
