export { Outbox, PAYLOAD_BYTES_MAX } from './outbox.js';
export { type OutboxRecord, type OutboxRow } from './outbox-batch.js';
export { InvalidEventError, isRecordRefused, NotInTransactionError } from './outbox-errors.js';
export { OutboxRelay, type OutboxRelayOptions, type RelayLog, type RelayStatus } from './outbox-relay.js';
export { OutboxSignal, type OutboxSignalOptions } from './outbox-signal.js';
export { outboxTables } from './outbox-tables.js';
export { shardOf, SHARDS } from './shard.js';
