export { type DeadLetter, type SendDeadLetter } from './dead-letter.js';
export { decideFailure, type FailureDecision } from './failure.js';
export { IdempotentConsumer, type IdempotentConsumerOptions } from './idempotent-consumer.js';
export { type EffectOutcome, Inbox, type InboxOutcome, type RunTransaction } from './inbox.js';
export { type HeaderPairs, type InboxRecord } from './inbox-record.js';
export { inboxTables } from './inbox-tables.js';
export { parkingTables } from './parking-tables.js';
export { type RetrySchedule, retrySchedule } from './retry-schedule.js';
export { type Around, type InboxLog, type Reading, type RecordOutcome, type Subscription } from './subscription.js';
