import { deadLetterTopic, type Service } from '@waybill/contracts';
import { type DeadRecord, discard, listDeadRecords, retryDead } from '@waybill/inbox';
import { changeSelected } from '../bulk-change.js';
import { type Command, type Surroundings, verb } from '../command.js';
import { UsageError } from '../command-errors.js';
import { findIn } from '../found.js';
import { findInstallation } from '../installation.js';
import { cut, renderListing } from '../listing.js';
import { ago } from '../moment.js';
import { operatorName } from '../operator.js';
import { flag, required, text } from '../option.js';
import { palette } from '../palette.js';
import { type EventFilter, listParkedEvents, selectParkedEvents, showParkedEvent } from '../parked-events.js';
import { parkedListing } from '../parked-rows.js';
import { brief } from '../printable.js';
import {
  actorOption,
  bulkOptions,
  chosenService,
  consumerOptions,
  eventFilterOptions,
  eventId,
  jsonOption,
  listLimitOption,
  requireSelection,
} from '../selection.js';
import { withDatabases } from '../service-database.js';

/** Events that were given up. Their keys stay closed until somebody retries or discards them. */
export const dead: Command = {
  summary: 'events that were given up; their keys stay closed until they are retried or discarded',
  verbs: {
    ls: verb({
      summary: 'lists them',
      options: {
        ...eventFilterOptions,
        records: flag('records that were no event at all instead; they close no key'),
        ...listLimitOption,
        ...jsonOption,
      },
      run: ({ options }, surroundings) =>
        options.records ? listRecords(options, surroundings) : listParkedEvents('dead', options, surroundings),
    }),
    show: verb({
      summary: 'shows one whole: payload, headers, attempts, error, where it stood in Kafka, its trace',
      operands: ['ID'],
      options: { ...consumerOptions, ...jsonOption },
      run: ({ operands, options }, surroundings) => showParkedEvent('dead', operands[0], options, surroundings),
    }),
    retry: verb({
      summary: 'tries one again, or all that match, with all their attempts; what waits behind follows when it succeeds',
      operands: ['[ID]'],
      options: { ...eventFilterOptions, ...bulkOptions, ...actorOption, ...jsonOption },
      run: async ({ operands: [operand], options }, surroundings) => {
        requireSelection(operand, options);
        const id = operand === undefined ? undefined : eventId(operand);
        const who = operatorName(options.as);
        const installation = findInstallation(surroundings.env, surroundings.say);
        return withDatabases(installation, chosenService(options), async (databases) => {
          const found = await selectParkedEvents('dead', id, options, databases);
          return changeSelected(
            {
              action: 'dead.retry',
              noun: 'dead event',
              done: found.length === 1 ? 'is tried again' : 'are tried again',
              found,
              listing: parkedListing('dead', Date.now()),
              inJson: ({ item }) => item,
              change: async ({ database, item }) => {
                const result = await database.transaction((manager) => retryDead(manager, item, { who }));
                return result === 'retrying' ? 'changed' : 'gone';
              },
            },
            options,
            surroundings,
          );
        });
      },
    }),
    discard: verb({
      summary: 'gives one up for good, or all that match: it never has an effect here; what waits behind goes on',
      operands: ['[ID]'],
      options: {
        ...eventFilterOptions,
        reason: required(text('TEXT', 'why'), 'whoever asks about its order later must be able to read it'),
        ...bulkOptions,
        ...actorOption,
        ...jsonOption,
      },
      run: async ({ operands: [operand], options }, surroundings) => {
        requireSelection(operand, options);
        const id = operand === undefined ? undefined : eventId(operand);
        const operator = { who: operatorName(options.as), reason: options.reason };
        const installation = findInstallation(surroundings.env, surroundings.say);
        return withDatabases(installation, chosenService(options), async (databases) => {
          // By its id, also one that only waits: no version may handle its type any more.
          const found = await selectParkedEvents(id === undefined ? 'dead' : undefined, id, options, databases);
          return changeSelected(
            {
              action: 'dead.discard',
              noun: 'dead event',
              done: found.length === 1 ? 'is discarded' : 'are discarded',
              found,
              listing: parkedListing('dead', Date.now()),
              inJson: ({ item }) => item,
              change: async ({ database, item }) => {
                const result = await database.transaction((manager) => discard(manager, item, operator));
                return result === 'discarded' ? 'changed' : 'gone';
              },
            },
            options,
            surroundings,
          );
        });
      },
    }),
  },
};

const REASON_MAX = 80;

/** Records that were no event: what is left of them here is where they stood. Their bytes are in the dead-letter topic. */
async function listRecords(
  options: EventFilter & { readonly limit: number; readonly json: boolean },
  { env, print, say, colour }: Surroundings,
): Promise<number> {
  const useless = (['topic', 'key', 'type', 'error', 'since'] as const).filter((name) => options[name] !== undefined);
  if (useless.length > 0) {
    throw new UsageError(`--records cannot be filtered by --${useless.join(', --')}: such a record has none of these.`);
  }
  return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
    const found = await findIn(databases, (manager) => listDeadRecords(manager, { limit: options.limit + 1 }));
    const { shown, more } = cut(found, options.limit);
    const records = shown.map(({ database, item }) => ({ ...item, deadLetterTopic: letterTopic(item, database.service) }));
    print(
      options.json
        ? JSON.stringify(records, null, 2)
        : renderListing(
            {
              heading: ['consumer', 'when', 'topic/partition/offset', 'its bytes are in', 'reason'],
              rows: records.map((record) => [
                record.consumer,
                ago(record.at, Date.now()),
                `${record.topic}/${record.partition}/${record.offset}`,
                record.deadLetterTopic,
                brief(record.reason, REASON_MAX),
              ]),
              none: 'Every record was an event.',
              more,
            },
            palette(colour),
          ),
    );
    return 0;
  });
}

function letterTopic({ topic }: DeadRecord, consumer: Service): string {
  return deadLetterTopic(topic, consumer);
}
