export interface RedeliverySources {
  /** Of the topics that are read. */
  readonly topicRetentionMs: number;
  /** A segment is deleted as a whole, so its oldest record outlives the retention by as much. */
  readonly segmentMs: number;
  /** How long an event can be on its way through the retries. */
  readonly retryBudgetMs: number;
  /** A dead letter can be sent back until its topic forgets it. */
  readonly deadLetterRetentionMs: number;
  /** How long the outboxes keep what was sent, to publish it again. */
  readonly archiveMs: number;
}

/** The shortest window in which dedup rows must be kept: whatever can bring an event back must find its row. */
export function dedupWindowMs(sources: RedeliverySources): number {
  const { topicRetentionMs, segmentMs, retryBudgetMs, deadLetterRetentionMs, archiveMs } = sources;
  return topicRetentionMs + segmentMs + retryBudgetMs + deadLetterRetentionMs + archiveMs;
}
