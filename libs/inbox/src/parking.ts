import type { Envelope } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';
import { identityOf } from './dedup-rows.js';
import { storable } from './failure.js';
import { decodeHeaders, encodeHeaders, type InboxRecord } from './inbox-record.js';

/** The events of one key of one topic, which must happen in their order. */
export interface EventKey {
  readonly topic: string;
  readonly key: string;
}

/** Why an event is parked; absent for one that only waits behind another one. */
export interface ParkedFailure {
  readonly attempts: number;
  readonly errorClass: string;
  readonly message: string;
}

export interface EventToPark {
  readonly record: InboxRecord;
  readonly envelope: Envelope;
  readonly key: string;
  readonly state: 'waiting' | 'dead';
  readonly failure?: ParkedFailure;
}

/** An event that waits, as the retry worker takes it. */
export interface ParkedEvent {
  readonly record: InboxRecord;
  readonly source: string;
  readonly id: string;
  readonly state: 'waiting' | 'dead';
  readonly attempts: number;
}

/** Those of the keys that are closed, locked until the end of the transaction: nobody opens or drains them meanwhile. */
export async function lockClosedKeys(
  manager: EntityManager,
  consumer: string,
  topic: string,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const closed = await manager.query<{ key: string }[]>(
    'SELECT key FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = ANY($3) ORDER BY key FOR UPDATE',
    [consumer, topic, keys],
  );
  return new Set(closed.map(({ key }) => key));
}

/**
 * Stores the events, all in one statement; answers those that are parked now and were not before.
 *
 * An event that was handled is not parked. A consumer that was paused, and wakes while its successor is done, would
 * bring it back otherwise.
 */
export async function parkEvents<E extends EventToPark>(
  manager: EntityManager,
  consumer: string,
  events: readonly E[],
): Promise<readonly E[]> {
  const inserted = await manager.query<{ source: string; id: string }[]>(
    `INSERT INTO parked (consumer, source, id, topic, partition, "offset", key, type, subject, sequence, payload, headers,
                         state, attempts, error_class, error, correlationid, traceparent, record_timestamp, died_at)
     SELECT $1, e.source, e.id, e.topic, e.partition, e."offset", e.key, e.type, e.subject, e.sequence, e.payload,
            e.headers, e.state, e.attempts, e.error_class, e.error, e.correlationid, e.traceparent,
            to_timestamp(e.record_timestamp / 1000.0), CASE WHEN e.state = 'dead' THEN clock_timestamp() END
       FROM unnest($2::text[], $3::uuid[], $4::text[], $5::integer[], $6::bigint[], $7::text[], $8::text[], $9::text[],
                   $10::bigint[], $11::bytea[], $12::bytea[], $13::text[], $14::integer[], $15::text[], $16::text[],
                   $17::text[], $18::text[], $19::bigint[])
            AS e (source, id, topic, partition, "offset", key, type, subject, sequence, payload, headers, state, attempts,
                  error_class, error, correlationid, traceparent, record_timestamp)
      WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = $1 AND i.source = e.source AND i.id = e.id)
      ORDER BY e."offset"
     ON CONFLICT DO NOTHING
     RETURNING source, id`,
    [
      consumer,
      events.map(({ envelope }) => envelope.source),
      events.map(({ envelope }) => envelope.id),
      events.map(({ record }) => record.topic),
      events.map(({ record }) => record.partition),
      events.map(({ record }) => record.offset),
      events.map(({ key }) => key),
      events.map(({ envelope }) => envelope.type),
      events.map(({ envelope }) => envelope.subject),
      events.map(({ envelope }) => envelope.version),
      events.map(({ record }) => record.value),
      events.map(({ record }) => encodeHeaders(record.rawHeaders)),
      events.map(({ state }) => state),
      events.map(({ failure }) => failure?.attempts ?? 0),
      events.map(({ failure }) => failure?.errorClass ?? null),
      events.map(({ failure }) => failure?.message ?? null),
      events.map(({ envelope }) => envelope.correlationId),
      events.map(({ envelope }) => storable(envelope.trace.traceparent ?? '') || null),
      events.map(({ record }) => record.timestamp),
    ],
  );
  const fresh = new Set(inserted.map(identityOf));
  return events.filter(({ envelope }) => fresh.has(identityOf(envelope)));
}

export interface KeyToClose {
  readonly key: string;
  readonly state: 'retrying' | 'dead';
  readonly attempts: number;
  readonly retryAfterMs: number;
  readonly error: string;
}

/**
 * Closes the key, and holds its lock until the end of the transaction; false when it was closed already.
 *
 * DO UPDATE, because DO NOTHING takes no lock: a worker could open the key before anything is parked behind it. It waits
 * for that worker, and closes the key anew if it is open then. A row that is inserted, and not updated, has no xmax.
 */
export async function closeKey(
  manager: EntityManager,
  consumer: string,
  topic: string,
  { key, state, attempts, retryAfterMs, error }: KeyToClose,
): Promise<boolean> {
  const [closed] = await manager.query<{ wasOpen: boolean }[]>(
    `INSERT INTO parked_keys (consumer, topic, key, state, attempts, next_attempt_at, opened_error)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $4 = 'retrying' THEN now() + $6 * interval '1 millisecond' END, $7)
     ON CONFLICT (consumer, topic, key) DO UPDATE SET key = excluded.key RETURNING xmax = 0 AS "wasOpen"`,
    [consumer, topic, key, state, attempts, retryAfterMs, error],
  );
  return closed?.wasOpen === true;
}

/** Takes back a `closeKey` of the same transaction, which nothing was parked for. */
export async function openKey(manager: EntityManager, consumer: string, { topic, key }: EventKey): Promise<void> {
  await manager.query('DELETE FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3', [consumer, topic, key]);
}

/** The lock of one key; false when the key is open. */
export async function lockKey(manager: EntityManager, consumer: string, { topic, key }: EventKey): Promise<boolean> {
  return (await lockClosedKeys(manager, consumer, topic, [key])).has(key);
}

/** A key whose next attempt is due, locked until the end of the transaction; passes by those that others hold. */
export async function lockDueKey(manager: EntityManager, consumer: string): Promise<EventKey | undefined> {
  const [due] = await manager.query<EventKey[]>(
    `SELECT topic, key FROM parked_keys
      WHERE consumer = $1 AND state = 'retrying' AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [consumer],
  );
  return due;
}

interface HeadRow {
  readonly source: string;
  readonly id: string;
  readonly partition: number;
  readonly offset: string;
  readonly payload: Buffer | null;
  readonly headers: Buffer;
  readonly state: 'waiting' | 'dead';
  readonly attempts: number;
  readonly timestamp: string;
}

/** The event of this key that must happen next; call it with the key's lock in hand. */
export async function headOf(
  manager: EntityManager,
  consumer: string,
  { topic, key }: EventKey,
): Promise<ParkedEvent | undefined> {
  const [row] = await manager.query<HeadRow[]>(
    `SELECT source, id, partition, "offset", payload, headers, state, attempts,
            round(extract(epoch FROM record_timestamp) * 1000)::bigint AS timestamp
       FROM parked WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY sequence, "offset" LIMIT 1`,
    [consumer, topic, key],
  );
  if (row === undefined) {
    return undefined;
  }
  const { source, id, partition, offset, payload, headers, state, attempts, timestamp } = row;
  const record = { topic, partition, offset, key, value: payload, ...decodeHeaders(headers), timestamp };
  return { record, source, id, state, attempts };
}

/** Takes an event out of the parking place. */
export async function unpark(
  manager: EntityManager,
  consumer: string,
  { source, id }: Pick<ParkedEvent, 'source' | 'id'>,
): Promise<void> {
  await manager.query('DELETE FROM parked WHERE consumer = $1 AND source = $2 AND id = $3', [consumer, source, id]);
}

/**
 * After the head is gone: the next one is due at once, or waits for an operator if it is dead, or the key is open again.
 * Call it with the lock in hand.
 */
export async function goOn(manager: EntityManager, consumer: string, { topic, key }: EventKey): Promise<void> {
  await manager.query(
    `WITH head AS MATERIALIZED (
       SELECT state = 'dead' AS dead FROM parked WHERE consumer = $1 AND topic = $2 AND key = $3
        ORDER BY sequence, "offset" LIMIT 1
     ), opened AS (
       DELETE FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3 AND NOT EXISTS (SELECT FROM head)
     )
     UPDATE parked_keys SET state = CASE WHEN dead THEN 'dead' ELSE 'retrying' END, attempts = 0,
                            next_attempt_at = CASE WHEN dead THEN NULL ELSE now() END
       FROM head WHERE consumer = $1 AND topic = $2 AND key = $3`,
    [consumer, topic, key],
  );
}

/** The head stays, and is tried again later. */
export async function postpone(
  manager: EntityManager,
  consumer: string,
  { topic, key }: EventKey,
  head: Pick<ParkedEvent, 'source' | 'id'>,
  { attempts, errorClass, message, retryAfterMs }: ParkedFailure & { readonly retryAfterMs: number },
): Promise<void> {
  await manager.query(
    `UPDATE parked SET attempts = $4, error_class = $5, error = $6 WHERE consumer = $1 AND source = $2 AND id = $3`,
    [consumer, head.source, head.id, attempts, errorClass, message],
  );
  await manager.query(
    `UPDATE parked_keys SET attempts = $4, next_attempt_at = now() + $5 * interval '1 millisecond'
      WHERE consumer = $1 AND topic = $2 AND key = $3`,
    [consumer, topic, key, attempts, retryAfterMs],
  );
}

/** The head is dead, and its key stays closed until an operator retries or discards it. */
export async function giveUp(
  manager: EntityManager,
  consumer: string,
  { topic, key }: EventKey,
  head: Pick<ParkedEvent, 'source' | 'id'>,
  { attempts, errorClass, message }: ParkedFailure,
): Promise<void> {
  await manager.query(
    `UPDATE parked SET state = 'dead', died_at = clock_timestamp(), attempts = $4, error_class = $5, error = $6
      WHERE consumer = $1 AND source = $2 AND id = $3`,
    [consumer, head.source, head.id, attempts, errorClass, message],
  );
  await manager.query(
    `UPDATE parked_keys SET state = 'dead', attempts = $4, next_attempt_at = NULL
      WHERE consumer = $1 AND topic = $2 AND key = $3`,
    [consumer, topic, key, attempts],
  );
}

/** Keeps where a record stood that was no event at all; false when it is known already. It closes no key. */
export async function buryRecord(
  manager: EntityManager,
  consumer: string,
  { topic, partition, offset, timestamp }: InboxRecord,
  reason: string,
): Promise<boolean> {
  const buried = await manager.query<unknown[]>(
    `INSERT INTO dead_records (consumer, topic, partition, "offset", record_timestamp, reason)
     VALUES ($1, $2, $3, $4, to_timestamp($5::bigint / 1000.0), $6)
     ON CONFLICT DO NOTHING RETURNING true`,
    [consumer, topic, partition, offset, timestamp, reason],
  );
  return buried.length > 0;
}
