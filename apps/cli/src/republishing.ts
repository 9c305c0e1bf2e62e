import { writeAudit } from '@waybill/inbox';
import { countArchived, republish } from '@waybill/outbox';
import { interruptible } from './bulk.js';
import { counted } from './bulk-change.js';
import type { Surroundings } from './command.js';
import { RefusedError } from './command-errors.js';
import { progressLine } from './progress-line.js';
import { type ServiceDatabase, tellTarget } from './service-database.js';

export interface Republishing {
  readonly since: Date;
  /** Now, unless told. */
  readonly until: Date | undefined;
  readonly aggregate: { readonly type: string; readonly id: string } | undefined;
  readonly who: string;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Puts archived events back into the outbox, some aggregates a transaction. Resolves with the exit code. */
export async function republishArchived(
  database: ServiceDatabase,
  { since, until: asked, aggregate, who, reason, dryRun, json }: Republishing,
  { print, say }: Surroundings,
): Promise<number> {
  const { service } = database;
  tellTarget('outbox.republish', [database], say);
  const archived = await database.transaction((manager) => countArchived(manager, { since, until: asked, aggregate }));
  // The same end for every round: what is sent again is archived later than that.
  const { until } = archived;
  if (archived.everything === 0) {
    throw new RefusedError(
      `The archive of ${service} is empty: it is off (OUTBOX_ARCHIVE_DAYS is 0), or nothing was sent since it was switched on. What was sent cannot be sent again from here.`,
    );
  }
  if (archived.oldest !== null && archived.oldest > since) {
    say(`The archive of ${service} begins at ${archived.oldest.toISOString()}; what was sent before is not in it.`);
  }
  if (dryRun) {
    print(
      json
        ? JSON.stringify({ action: 'outbox.republish', dryRun: true, service, events: archived.matching }, null, 2)
        : `  ${counted(archived.matching, 'event')} of ${service} would be sent again. Nothing was changed: --dry-run.`,
    );
    return 0;
  }
  const told = progressLine(say, 'outbox.republish');
  const { events, interrupted } = await interruptible(async (signal) => {
    let sofar = 0;
    for (;;) {
      if (signal.aborted) {
        return { events: sofar, interrupted: true };
      }
      const round = await database.transaction(async (manager) => {
        const done = await republish(manager, { since, until, ...(aggregate === undefined ? {} : { aggregate }) });
        if (done.events > 0) {
          const subject = { since, until, ...(aggregate === undefined ? {} : { aggregate }), ...done };
          await writeAudit(manager, { who, action: 'outbox.republish', subject, reason });
        }
        return done;
      });
      if (round.events === 0) {
        return { events: sofar, interrupted: false };
      }
      sofar += round.events;
      told(sofar, archived.matching);
    }
  });
  const rest = interrupted ? ` Interrupted: ${archived.matching - events} are still in the archive.` : '';
  print(
    json
      ? JSON.stringify({ action: 'outbox.republish', dryRun: false, service, events, interrupted }, null, 2)
      : `  ${counted(events, 'event')} of ${service} will be sent again.${rest}`,
  );
  return interrupted ? 1 : 0;
}
