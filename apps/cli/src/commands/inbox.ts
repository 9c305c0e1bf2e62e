import { type HandledRow, listHandled } from '@waybill/inbox';
import { type Command, verb } from '../command.js';
import { findIn, type Found, newestFirst } from '../found.js';
import { findInstallation } from '../installation.js';
import { cut, type Listing, renderListing } from '../listing.js';
import { ago } from '../moment.js';
import { number, oneOf, text, time } from '../option.js';
import { palette } from '../palette.js';
import { brief } from '../printable.js';
import { chosenService, consumerOptions, eventId, jsonOption, listLimitOption } from '../selection.js';
import { withDatabases } from '../service-database.js';

/** So few that it takes no time, and more than anybody reads. */
const AMONG = 10_000;

/** What the services have handled: the dedup rows. */
export const inbox: Command = {
  summary: 'events that were handled, and how',
  verbs: {
    ls: verb({
      summary: "lists them, the newest first; without --subject it looks among the newest of each producer's events",
      options: {
        ...consumerOptions,
        topic: text('TOPIC', 'of this topic, such as waybill.orders'),
        subject: text('ID', 'of this aggregate, such as an order id'),
        outcome: oneOf(['done', 'stale', 'discarded'], 'OUTCOME', 'with this outcome'),
        since: time('handled since: 2026-11-25T03:00:00Z, or how long ago, such as 15m, 2h or 7d'),
        among: number({ min: 1, max: 10_000_000, fallback: AMONG }, 'N', "look at so many of each producer's newest events"),
        ...listLimitOption,
        ...jsonOption,
      },
      run: async ({ options }, { env, print, say, colour }) => {
        const { topic, subject, outcome, since, among, limit } = options;
        return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
          const found = await findIn(databases, (manager) =>
            listHandled(manager, { topic, subject, outcome, since, among, limit: limit + 1 }),
          );
          const { shown, more } = cut(newestFirst(found, ({ processedAt }) => processedAt), limit);
          print(
            options.json
              ? JSON.stringify(
                  shown.map(({ item }) => item),
                  null,
                  2,
                )
              : renderListing({ ...handledListing(shown, Date.now(), subject === undefined ? noneAmong(among) : NONE), more }, palette(colour)),
          );
          return 0;
        });
      },
    }),
    show: verb({
      summary: 'shows who has handled one event: its outcome with each consumer, and where it stood in Kafka',
      operands: ['ID'],
      options: { ...consumerOptions, ...jsonOption },
      run: async ({ operands: [operand], options }, { env, print, say, colour }) => {
        const id = eventId(operand);
        return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
          const found = await findIn(databases, (manager) => listHandled(manager, { id, limit: SAME_ID_MAX }));
          if (options.json) {
            print(
              JSON.stringify(
                found.map(({ item }) => item),
                null,
                2,
              ),
            );
          } else {
            const none = `Nobody has handled an event with the id ${id}.`;
            print(renderListing(handledListing(found, Date.now(), none), palette(colour)));
          }
          return found.length === 0 ? 1 : 0;
        });
      },
    }),
  },
};

/** Rows with one id: as many as there are sources, which is one in any case that one should meet. */
const SAME_ID_MAX = 100;
const NAME_MAX = 60;
const NONE = 'Nothing was handled that matches.';
function noneAmong(among: number): string {
  return `Nothing that matches among the newest ${among} events of each producer: raise --among, or name a --subject, of which all are looked at.`;
}

function handledListing(found: readonly Found<HandledRow>[], nowMs: number, none: string): Listing {
  return {
    heading: ['consumer', 'handled', 'outcome', 'subject', 'sequence', 'topic/partition/offset', 'source', 'id'],
    rows: found.map(({ item }) => [
      item.consumer,
      ago(item.processedAt, nowMs),
      item.outcome,
      brief(item.subject, NAME_MAX),
      item.sequence,
      `${item.topic}/${item.partition}/${item.offset}`,
      brief(item.source, NAME_MAX),
      item.id,
    ]),
    none,
    more: false,
  };
}
