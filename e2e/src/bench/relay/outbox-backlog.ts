import type { TestDatabase } from '@waybill/testing';
import { AGGREGATE_TYPE, aggregates, EVENT_TYPE, idMark, payloadTemplate, TOPIC, TRACEPARENT } from '../event-stock.js';

const COLUMNS = `(id, shard, topic, aggregatetype, aggregateid, version, type, payload, partitionkey, correlationid,
  causationid, traceparent)`;

const FILL = `INSERT INTO outbox ${COLUMNS}
  SELECT gen_random_uuid(), a.shard, $1, $2, a.id, $3 + row / ${aggregates.length} + 1, $4, replace($5, $6, a.id), a.id,
    '0', a.id, $7
  FROM generate_series(0, $8::integer - 1) AS row
  JOIN unnest($9::text[], $10::smallint[]) WITH ORDINALITY AS a (id, shard, place)
    ON a.place = row % ${aggregates.length} + 1
  ORDER BY row`;

/** Writes events of all aggregates into the outbox, in one transaction; `version` is the highest that each had. */
export async function fillOutbox(database: TestDatabase, rows: number, version = 0): Promise<void> {
  await database.query(FILL, [
    TOPIC,
    AGGREGATE_TYPE,
    version,
    EVENT_TYPE,
    payloadTemplate,
    idMark,
    TRACEPARENT,
    rows,
    aggregates.map(({ id }) => id),
    aggregates.map(({ shard }) => shard),
  ]);
}

/** What a fresh outbox looks like, as far as tables remember their past. */
export async function emptyOutbox(database: TestDatabase): Promise<void> {
  await database.query('TRUNCATE outbox');
  await database.query('CHECKPOINT');
}

/** Relays elsewhere hear of a commit as they do of a service's. */
export async function wakeRelays(database: TestDatabase): Promise<void> {
  await database.query('NOTIFY waybill_outbox');
}
