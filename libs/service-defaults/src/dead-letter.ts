import { deadLetterTopic, type Service } from '@waybill/contracts';
import type { ConsumedRecord, EventProducer } from '@waybill/kafka';

/** A reason quotes what came, and what came may be long. */
const REASON_MAX = 1_000;

/** Copies a record that is no event to `<topic>.<consumer>.dlt`: its own key, bytes and headers, and where it stood. */
export async function publishDeadLetter(
  producer: EventProducer,
  consumer: Service,
  record: ConsumedRecord,
  reason: string,
): Promise<void> {
  await producer.publish([
    {
      topic: deadLetterTopic(record.topic, consumer),
      key: record.key ?? null,
      value: record.value,
      headers: {
        ...record.rawHeaders,
        waybill_dlt_topic: record.topic,
        waybill_dlt_partition: String(record.partition),
        waybill_dlt_offset: record.offset,
        waybill_dlt_timestamp: record.timestamp,
        waybill_dlt_consumer: consumer,
        waybill_dlt_reason: reason.slice(0, REASON_MAX),
      },
    },
  ]);
}
