/**
 * The table of the inbox, for a service's first migration.
 *
 * One row an event that was handled, written in the transaction of its effect. Where the record stood and what it was
 * is kept, so that a question about one order can be answered without Kafka.
 */
export const inboxTables: readonly string[] = [
  `CREATE TABLE inbox (
    consumer     text NOT NULL,
    source       text NOT NULL,
    id           uuid NOT NULL,
    outcome      text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'stale', 'discarded')),
    topic        text NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint NOT NULL,
    subject      text NOT NULL,
    sequence     bigint NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, source, id)
  )`,
  // Only inserted, then deleted after weeks: vacuum by count, or the first one would come much too late.
  `ALTER TABLE inbox SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000)`,
];
