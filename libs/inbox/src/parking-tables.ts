/**
 * The tables of events that could not be handled, and of what operators did about them; for a migration of the service.
 *
 * A row in `parked_keys` means: this key is closed, its events wait in `parked`. That row is the one lock which the
 * consumer, the retry worker and an operator take. The head of a key is its lowest sequence: the events of one key in one
 * topic are one aggregate's, and its versions outlive the topic, whose offsets begin again when it is created anew.
 */
export const parkingTables: readonly string[] = [
  `CREATE TABLE parked (
    consumer         text NOT NULL,
    source           text NOT NULL,
    id               uuid NOT NULL,
    topic            text NOT NULL,
    partition        integer NOT NULL,
    "offset"         bigint NOT NULL,
    key              text NOT NULL,
    type             text NOT NULL,
    subject          text NOT NULL,
    sequence         bigint NOT NULL,
    payload          bytea,
    -- The record's own, byte for byte: a JSON array of [name, value in base64].
    headers          bytea NOT NULL,
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dead')),
    attempts         integer NOT NULL DEFAULT 0,
    error_class      text,
    error            text,
    correlationid    text,
    traceparent      text,
    record_timestamp timestamptz NOT NULL,
    parked_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    died_at          timestamptz,
    PRIMARY KEY (consumer, source, id)
  )`,
  // The way to the head of a key, and to whether anything waits behind it.
  `CREATE INDEX parked_in_order ON parked (consumer, topic, key, sequence, "offset")`,
  `CREATE INDEX parked_dead ON parked (consumer, died_at) WHERE state = 'dead'`,
  `CREATE TABLE parked_keys (
    consumer        text NOT NULL,
    topic           text NOT NULL,
    key             text NOT NULL,
    state           text NOT NULL DEFAULT 'retrying' CHECK (state IN ('retrying', 'dead')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    opened_error    text,
    PRIMARY KEY (consumer, topic, key)
  )`,
  `CREATE INDEX parked_keys_due ON parked_keys (consumer, next_attempt_at) WHERE state = 'retrying'`,
  // Rows come and go with every retry: vacuum by count, so that a storm leaves nothing behind.
  `ALTER TABLE parked_keys SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`,
  `CREATE TABLE dead_records (
    consumer         text NOT NULL,
    topic            text NOT NULL,
    partition        integer NOT NULL,
    "offset"         bigint NOT NULL,
    -- Part of what identifies it: in a topic that was created anew another record has this offset.
    record_timestamp timestamptz NOT NULL,
    reason           text NOT NULL,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, topic, partition, "offset", record_timestamp)
  )`,
  `CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    who     text NOT NULL,
    action  text NOT NULL,
    subject jsonb NOT NULL,
    reason  text
  )`,
  // What an operator asks the inbox: how far one order is. Here, because the inbox's own table came with an earlier migration.
  `CREATE INDEX inbox_subject ON inbox (subject)`,
  `CREATE TABLE replay_requests (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer     text NOT NULL,
    topic        text NOT NULL,
    from_offset  bigint,
    from_time    timestamptz,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Partition -> offset, once it is resolved; partition -> when its owner has sought there.
    positions    jsonb,
    done         jsonb NOT NULL DEFAULT '{}',
    finished_at  timestamptz
  )`,
];
