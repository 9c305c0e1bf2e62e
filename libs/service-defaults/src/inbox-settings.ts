import { ConfigError } from '@waybill/config';
import { consumers, deadLetterTopic, declaredTopics, publishers, type Service } from '@waybill/contracts';
import { dedupWindowMs, retryBudgetMs, type RetrySchedule, retrySchedule } from '@waybill/inbox';

export interface InboxSettings {
  readonly retentionMs: number;
  readonly auditRetentionMs: number;
  readonly schedule: RetrySchedule;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * How long dedup rows and the audit are kept, and how often an event is tried; a service whose schema lacks `inboxConfig` has the
 * defaults.
 *
 * @throws ConfigError when rows would be forgotten while something can still bring their events back
 */
export function inboxSettings(service: Service, config: Readonly<Record<string, unknown>>): InboxSettings {
  const retentionDays = Number(config['INBOX_RETENTION_DAYS'] ?? 30);
  const archiveDays = Number(config['OUTBOX_ARCHIVE_DAYS'] ?? 0);
  const schedule = { ...retrySchedule, attemptsMax: Number(config['INBOX_ATTEMPTS_MAX'] ?? retrySchedule.attemptsMax) };
  const read = consumers[service].map((publisher) => publishers[publisher].topic);
  const sources = {
    topicRetentionMs: longest(read, 'retention.ms'),
    segmentMs: longest(read, 'segment.ms'),
    retryBudgetMs: retryBudgetMs(schedule),
    deadLetterRetentionMs: longest(
      read.map((topic) => deadLetterTopic(topic, service)),
      'retention.ms',
    ),
    archiveMs: archiveDays * DAY_MS,
  };
  const neededMs = dedupWindowMs(sources);
  if (retentionDays * DAY_MS < neededMs) {
    const days = (ms: number) => `${Math.ceil((ms / DAY_MS) * 100) / 100} d`;
    throw new ConfigError([
      {
        name: 'INBOX_RETENTION_DAYS',
        message:
          `is ${retentionDays}, but an event can come back for ${days(neededMs)}: topic retention ${days(sources.topicRetentionMs)}` +
          ` + one segment ${days(sources.segmentMs)} + retries ${days(sources.retryBudgetMs)}` +
          ` + dead letters ${days(sources.deadLetterRetentionMs)} + OUTBOX_ARCHIVE_DAYS ${archiveDays}.` +
          ` An event that was forgotten would take effect twice. Raise it to ${Math.ceil(neededMs / DAY_MS)} or more.`,
      },
    ]);
  }
  const auditDays = Number(config['AUDIT_RETENTION_DAYS'] ?? 400);
  return { retentionMs: retentionDays * DAY_MS, auditRetentionMs: auditDays * DAY_MS, schedule };
}

function longest(topics: readonly string[], setting: string): number {
  const declared = declaredTopics().filter(({ topic }) => topics.includes(topic));
  return Math.max(0, ...declared.map(({ config }) => Number(config[setting])));
}
