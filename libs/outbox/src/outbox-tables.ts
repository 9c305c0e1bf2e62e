import { SHARDS } from './shard.js';

/**
 * The tables of the outbox, for a service's first migration.
 *
 * The columns follow Debezium's outbox event router, one column a header, so that Debezium can take the relay's place.
 * `seq` is drawn at the insert, not at the commit: a row may become visible after one with a higher `seq`.
 */
export const outboxTables: readonly string[] = [
  `CREATE TABLE outbox (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid NOT NULL,
    shard         smallint NOT NULL CHECK (shard BETWEEN 0 AND ${SHARDS - 1}),
    topic         text NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid   text NOT NULL,
    version       bigint NOT NULL CHECK (version > 0),
    type          text NOT NULL,
    payload       text NOT NULL,
    occurred_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    partitionkey  text NOT NULL,
    correlationid text NOT NULL,
    causationid   text,
    traceparent   text,
    tracestate    text,
    baggage       text,
    deadline      text,
    flags         text,
    attempts      integer NOT NULL DEFAULT 0,
    held          boolean NOT NULL DEFAULT false,
    error         text
  )`,
  // One event a version; and the relay's way to a row's predecessors.
  `CREATE UNIQUE INDEX outbox_aggregate_version ON outbox (aggregatetype, aggregateid, version)`,
  // Nearly always empty: the question "is this aggregate held back?" must cost nothing.
  `CREATE INDEX outbox_held ON outbox (aggregatetype, aggregateid, version) WHERE held`,
  // Rows live for milliseconds. Vacuum by count, at once: measured, the table stays below 1 MiB at 2,000 rows/s.
  `ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
     autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000, autovacuum_vacuum_cost_delay = 0)`,
  `CREATE TABLE outbox_leases (
    shard      smallint PRIMARY KEY,
    owner      text,
    fence      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
  )`,
  `INSERT INTO outbox_leases (shard) SELECT generate_series(0, ${SHARDS - 1})`,
];

/**
 * What the outbox needs beyond its first tables, for a later migration: raw rows, the archive, and who relays.
 */
export const outboxArchiveTables: readonly string[] = [
  // A record that goes out exactly as it is, as JSON; Debezium's columns stay what they are. See raw-record.ts.
  `ALTER TABLE outbox ADD COLUMN raw text`,
  // What Kafka has acknowledged, for OUTBOX_ARCHIVE_DAYS. It keeps `seq`, so that what comes back takes its old place.
  `CREATE TABLE outbox_archive (
    seq           bigint PRIMARY KEY,
    id            uuid NOT NULL,
    shard         smallint NOT NULL,
    topic         text NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid   text NOT NULL,
    version       bigint NOT NULL,
    type          text NOT NULL,
    payload       text NOT NULL,
    occurred_at   timestamptz NOT NULL,
    partitionkey  text NOT NULL,
    correlationid text NOT NULL,
    causationid   text,
    traceparent   text,
    tracestate    text,
    baggage       text,
    deadline      text,
    flags         text,
    archived_at   timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  // What is too old, and what was sent since a moment.
  `CREATE INDEX outbox_archive_archived_at ON outbox_archive (archived_at)`,
  // Relays stand still while events are put back: what belongs to an aggregate must be found at once.
  `CREATE INDEX outbox_archive_aggregate ON outbox_archive (aggregatetype, aggregateid)`,
  // Only inserted, then deleted after days: vacuum by count, or the first one would come much too late.
  `ALTER TABLE outbox_archive SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
     autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)`,
  // Which relays are alive, so that each can work out its share of the shards.
  `CREATE TABLE outbox_relays (
    owner      text PRIMARY KEY,
    expires_at timestamptz NOT NULL
  )`,
  // What each relay is sending just now: of one that died, the rows that may have killed it. A table of its own, because
  // it is written with every batch, and must not wait for the renewal of a lease.
  `CREATE TABLE outbox_sends (
    owner     text PRIMARY KEY,
    first_seq bigint,
    last_seq  bigint,
    row_count integer NOT NULL DEFAULT 0
  ) WITH (fillfactor = 20)`,
  ...['outbox_relays', 'outbox_sends', 'outbox_leases'].map(
    // A handful of rows, written many times a second.
    (table) => `ALTER TABLE ${table} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
     autovacuum_vacuum_cost_delay = 0)`,
  ),
];
