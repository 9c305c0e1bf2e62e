import { deadLetterTopic } from '@waybill/contracts';
import { discard, listDeadRecords, retryDead } from '@waybill/inbox';
import { type Command, type Surroundings, verb } from '../command.js';
import { UsageError } from '../command-errors.js';
import { findIn, newestFirst } from '../found.js';
import { findInstallation } from '../installation.js';
import { cut, renderListing } from '../listing.js';
import { ago } from '../moment.js';
import { flag, required, text } from '../option.js';
import { palette } from '../palette.js';
import { changeParked } from '../parked-change.js';
import { type EventFilter, listParkedEvents, showParkedEvent } from '../parked-events.js';
import { brief } from '../printable.js';
import {
  actorOption,
  auditOptions,
  bulkOptions,
  chosenService,
  consumerOptions,
  eventFilterOptions,
  jsonOption,
  listLimitOption,
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
      options: { ...eventFilterOptions, ...bulkOptions, ...auditOptions, ...jsonOption },
      run: ({ operands: [operand], options }, surroundings) =>
        changeParked(operand, options, surroundings, {
          state: 'dead',
          action: 'dead.retry',
          noun: 'dead event',
          done: (count) => (count === 1 ? 'is tried again' : 'are tried again'),
          change: async (manager, item, operator) =>
            (await retryDead(manager, item, operator)) === 'retrying' ? 'changed' : 'gone',
        }),
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
      run: ({ operands: [operand], options }, surroundings) =>
        changeParked(operand, options, surroundings, {
          state: 'dead',
          // By its id, also one that only waits: no version may handle its type any more.
          byIdInAnyState: true,
          action: 'dead.discard',
          noun: 'dead event',
          done: (count) => (count === 1 ? 'is discarded' : 'are discarded'),
          change: async (manager, item, operator) =>
            (await discard(manager, item, operator)) === 'discarded' ? 'changed' : 'gone',
        }),
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
    throw new UsageError(`--records knows no filter but --consumer and --limit; got --${useless.join(', --')}.`);
  }
  return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
    const found = await findIn(databases, (manager) => listDeadRecords(manager, { limit: options.limit + 1 }));
    const { shown, more } = cut(newestFirst(found, ({ at }) => at), options.limit);
    const records = shown.map(({ database, item }) => ({ ...item, deadLetterTopic: deadLetterTopic(item.topic, database.service) }));
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
