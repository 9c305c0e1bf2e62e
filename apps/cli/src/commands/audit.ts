import { listAudit } from '@waybill/inbox';
import { type Command, verb } from '../command.js';
import { findIn, newestFirst } from '../found.js';
import { findInstallation } from '../installation.js';
import { cut, renderListing } from '../listing.js';
import { text, time } from '../option.js';
import { palette } from '../palette.js';
import { brief } from '../printable.js';
import { chosenService, jsonOption, listLimitOption, serviceOption } from '../selection.js';
import { withDatabases } from '../service-database.js';

/** What operators have changed. */
export const audit: Command = {
  summary: 'what operators have changed: who, when, what and why',
  verbs: {
    ls: verb({
      summary: 'lists it, the newest first',
      options: {
        ...serviceOption,
        who: text('NAME', 'by this person'),
        action: text('ACTION', 'only this, such as dead.discard'),
        since: time('since then: 2026-11-25T03:00:00Z, or how long ago, such as 15m, 2h or 7d'),
        ...listLimitOption,
        ...jsonOption,
      },
      run: async ({ options }, { env, print, say, colour }) => {
        const { who, action, since, limit } = options;
        return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
          const found = await findIn(databases, (manager) => listAudit(manager, limit + 1, { who, action, since }));
          const { shown, more } = cut(newestFirst(found, ({ at }) => at), limit);
          print(
            options.json
              ? JSON.stringify(
                  shown.map(({ database, item }) => ({ service: database.service, ...item })),
                  null,
                  2,
                )
              : renderListing(
                  {
                    heading: ['when', 'service', 'who', 'action', 'subject', 'reason'],
                    rows: shown.map(({ database, item }) => [
                      item.at.toISOString(),
                      database.service,
                      brief(item.who, WHO_MAX),
                      item.action,
                      brief(subjectInWords(item.subject), SUBJECT_MAX),
                      brief(item.reason, REASON_MAX),
                    ]),
                    none: 'Nobody has changed anything.',
                    more,
                  },
                  palette(colour),
                ),
          );
          return 0;
        });
      },
    }),
  },
};

const WHO_MAX = 40;
const SUBJECT_MAX = 160;
const REASON_MAX = 80;

function subjectInWords(subject: unknown): string {
  if (typeof subject !== 'object' || subject === null) {
    return JSON.stringify(subject);
  }
  return Object.entries(subject)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
