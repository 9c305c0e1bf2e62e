import type { LedgerRow, TopicRecord } from '../record.js';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import { publisherAt } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I3. No ghost:
 *
 * - Every record of a topic is what a committed row of its publisher's outbox says: its id is there, with the same type,
 *   subject, version and key.
 * - Every record of a dead-letter topic has a raw row with its topic and key, and its origin is such a record, or was no
 *   event at all.
 * - No consumer has handled an event that was in no outbox.
 *
 * Records that the run planted past the outboxes are strangers' (`planted`), and so are their copies and what became of them.
 */
export function checkGhosts(index: RecordIndex): Verdict {
  const findings = new Findings('I3', 'no record without a committed event');
  const letters = lettersOf(index.rawRows);
  const strangers = strangersOf(index);
  let planted = 0;
  for (const record of index.record.records) {
    const isEventTopic = publisherAt(record.topic) !== undefined;
    if (index.isPlanted(record) || (isEventTopic && strangers.has(identityOf(record)))) {
      planted += 1;
      continue;
    }
    findings.look();
    const problem = isEventTopic ? problemOf(index, record) : problemOfLetter(index, letters, strangers, record);
    if (problem !== undefined) {
      findings.violate(index.trailOf(record.source, record.id)?.row.partitionKey ?? record.key, `${nameOfRecord(record)} ${problem}`);
    }
  }
  for (const { consumer, source, id, topic, partition, offset, subject } of index.handledGhosts) {
    if (!strangers.has(id)) {
      findings.violate(subject, `${consumer} has handled ${id} of ${source} (${topic}/${partition}@${offset}), which was in no outbox`);
    }
  }
  if (planted > 0) {
    findings.remark(`${planted} records were planted by the run`);
  }
  return findings.verdict();
}

function problemOf(index: RecordIndex, record: TopicRecord): string | undefined {
  const row = index.trailOf(record.source, record.id)?.row;
  if (row === undefined) {
    return 'was in no outbox';
  }
  return (
    difference('topic', row.topic, record.topic) ??
    difference('type', row.type, record.type) ??
    difference('subject', row.aggregateId, record.subject) ??
    difference('version', row.version, record.sequence) ??
    difference('key', row.partitionKey, record.key)
  );
}

function difference(what: string, committed: string | number, sent: string | number | null): string | undefined {
  return committed === sent ? undefined : `has the ${what} ${sent}, and ${committed} was committed`;
}

function problemOfLetter(
  index: RecordIndex,
  letters: ReadonlySet<string>,
  strangers: ReadonlySet<string>,
  { topic, key, source, id }: TopicRecord,
): string | undefined {
  if (!letters.has(`${topic} ${key}`)) {
    return 'is a dead letter that was in no outbox';
  }
  // Without headers that say what it was, it was no event, and nobody has committed it.
  return id === null || strangers.has(id) || index.trailOf(source, id) !== undefined
    ? undefined
    : 'is the dead letter of an event that was in no outbox';
}

function lettersOf(rawRows: readonly LedgerRow[]): ReadonlySet<string> {
  return new Set(rawRows.map(({ topic, partitionKey }) => `${topic} ${partitionKey}`));
}

function strangersOf(index: RecordIndex): ReadonlySet<string> {
  const planted = index.record.planted ?? [];
  return new Set(planted.length === 0 ? [] : index.record.records.filter((record) => index.isPlanted(record)).map(identityOf));
}

/** What has no id is told from others by its key and type: it has nothing else. */
function identityOf({ id, key, type }: TopicRecord): string {
  return id ?? `${key} ${type}`;
}

function nameOfRecord({ topic, partition, offset, id }: TopicRecord): string {
  return `${topic}/${partition}@${offset} (${id ?? 'no id'})`;
}
