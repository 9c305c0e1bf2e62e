import { consumers, type Service, services } from '@waybill/contracts';
import type { TopicRecord } from '../record.js';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import { publisherAt, subscribersOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I6. No group has committed an offset past a record that is not finished: below it, every record of a type that the
 * consumer handles is handled (done, stale or discarded), parked or dead, and every record that is no event is among the
 * dead records. No group has committed more than the partition holds.
 */
export function checkCommittedOffsets(index: RecordIndex): Verdict {
  const findings = new Findings('I6', 'no committed offset is past an unfinished record');
  for (const { group, topic, partition, committed, end } of index.record.offsets) {
    if (committed > end) {
      findings.violate(null, `${group} has committed ${committed} of ${topic}/${partition}, which ends at ${end}`);
    }
  }
  for (const record of index.record.records) {
    const publisher = publisherAt(record.topic);
    if (publisher === undefined) {
      continue;
    }
    for (const consumer of services) {
      if (consumers[consumer].includes(publisher) && concerns(consumer, record)) {
        checkRecord(index, findings, consumer, record);
      }
    }
  }
  return findings.verdict();
}

function concerns(consumer: Service, record: TopicRecord): boolean {
  return record.type === null || !isEvent(record) || subscribersOf(record.type).includes(consumer);
}

function checkRecord(index: RecordIndex, findings: Findings, consumer: Service, record: TopicRecord): void {
  const { topic, partition, offset, source, id, type, key } = record;
  const committed = index.committed(consumer, topic, partition);
  if (offset >= committed) {
    return;
  }
  findings.look();
  const finished =
    (source !== null &&
      id !== null &&
      (index.handled(consumer, source, id) || index.parked(consumer, source, id) !== undefined)) ||
    index.deadRecord(consumer, topic, partition, offset);
  if (!finished) {
    findings.violate(
      index.trailOf(source, id)?.row.partitionKey ?? key,
      `${consumer} has committed ${committed} of ${topic}/${partition}, and ${type ?? 'the record'} at ${offset} is neither handled, parked nor dead`,
    );
  }
}

function isEvent({ id, source, subject, sequence }: TopicRecord): boolean {
  return id !== null && source !== null && subject !== null && sequence !== null;
}
