import { describe, expect, it } from 'vitest';
import { inboxSettings } from './inbox-settings.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('inboxSettings', () => {
  it('keeps dedup rows for 30 days and the audit for 400 unless told', () => {
    expect(inboxSettings('orders', {})).toMatchObject({
      retentionMs: 30 * DAY_MS,
      auditRetentionMs: 400 * DAY_MS,
      schedule: { attemptsMax: 12 },
    });
  });

  it('takes what the configuration says', () => {
    const settings = inboxSettings('orders', {
      INBOX_RETENTION_DAYS: 40,
      INBOX_ATTEMPTS_MAX: 5,
      OUTBOX_ARCHIVE_DAYS: 14,
      AUDIT_RETENTION_DAYS: 7,
    });
    expect(settings).toMatchObject({ retentionMs: 40 * DAY_MS, auditRetentionMs: 7 * DAY_MS, schedule: { attemptsMax: 5 } });
  });

  // NServiceBus warns of it, and MassTransit's 30 minutes and Wolverine's 5 are examples.
  it.each([
    ['the topics and the dead letters', { INBOX_RETENTION_DAYS: 21 }],
    ['an archive that can be published again', { INBOX_RETENTION_DAYS: 30, OUTBOX_ARCHIVE_DAYS: 14 }],
    ['a very long retry budget', { INBOX_RETENTION_DAYS: 30, INBOX_ATTEMPTS_MAX: 20_000 }],
  ])('refuses a dedup window shorter than %s', (_, config) => {
    expect(() => inboxSettings('orders', config)).toThrow(
      expect.objectContaining({ exitCode: 78, message: expect.stringMatching(/INBOX_RETENTION_DAYS.*Raise it to \d+/s) as string }),
    );
  });
});
