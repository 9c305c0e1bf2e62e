export { type AuditEntry, type AuditFilter, type AuditRow, listAudit, writeAudit } from './audit.js';
export { discard, type DiscardResult, MissingReasonError, type Operator, retryDead, type RetryDeadResult } from './dead-events.js';
export { type DeadLetter, type SendDeadLetter } from './dead-letter.js';
export { deadRecordTables } from './dead-record-tables.js';
export { dedupWindowMs, type RedeliverySources } from './dedup-window.js';
export { decideFailure, type FailureDecision } from './failure.js';
export { IdempotentConsumer, type IdempotentConsumerOptions } from './idempotent-consumer.js';
export { type EffectOutcome, Inbox, type InboxOutcome, type RunTransaction } from './inbox.js';
export { InboxCleaner, type InboxCleanerOptions } from './inbox-cleaner.js';
export { type HeaderPairs, type InboxRecord } from './inbox-record.js';
export { inboxTables } from './inbox-tables.js';
export {
  countParked,
  type DeadRecord,
  findParked,
  type HandledFilter,
  type HandledRow,
  listDeadRecords,
  listHandled,
  listParked,
  type ParkedCounts,
  type ParkedDetail,
  type ParkedFilter,
  type ParkedRow,
} from './parked-events.js';
export { parkingTables } from './parking-tables.js';
export { forgottenPartitions, type PartitionState, type ReplayPositions,replayPositions } from './replay-positions.js';
export {
  findReplay,
  listReplays,
  markReplayed,
  openReplays,
  refuseReplay,
  type ReplayRequest,
  replayTables,
  type ReplayWish,
  requestReplay,
} from './replay-requests.js';
export { retryNow, type RetryNowResult } from './retry-now.js';
export { retryBudgetMs, type RetrySchedule, retrySchedule } from './retry-schedule.js';
export { RetryWorker, type RetryWorkerOptions } from './retry-worker.js';
export { type Around, type InboxLog, type Reading, type RecordOutcome, type Subscription } from './subscription.js';
