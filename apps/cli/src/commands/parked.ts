import { type ParkedRow, retryNow } from '@waybill/inbox';
import { changeSelected } from '../bulk-change.js';
import { type Command, verb } from '../command.js';
import type { Found } from '../found.js';
import { findInstallation } from '../installation.js';
import { operatorName } from '../operator.js';
import { listParkedEvents, selectParkedEvents, showParkedEvent } from '../parked-events.js';
import { parkedListing } from '../parked-rows.js';
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

/** Events that failed and are tried again by themselves, and those that wait behind them. */
export const parked: Command = {
  summary: 'events that failed and will be tried again, and those of their keys that wait behind them',
  verbs: {
    ls: verb({
      summary: 'lists them, those of one key in their order',
      options: { ...eventFilterOptions, ...listLimitOption, ...jsonOption },
      run: ({ options }, surroundings) => listParkedEvents('waiting', options, surroundings),
    }),
    show: verb({
      summary: 'shows one whole: payload, headers, attempts, error, where it stood in Kafka, its trace',
      operands: ['ID'],
      options: { ...consumerOptions, ...jsonOption },
      run: ({ operands, options }, surroundings) => showParkedEvent('waiting', operands[0], options, surroundings),
    }),
    retry: verb({
      summary: 'tries a key now instead of at its next attempt: that of one event, or those of the events that match',
      operands: ['[ID]'],
      options: { ...eventFilterOptions, ...bulkOptions, ...actorOption, ...jsonOption },
      run: async ({ operands: [operand], options }, surroundings) => {
        requireSelection(operand, options);
        const id = operand === undefined ? undefined : eventId(operand);
        const who = operatorName(options.as);
        const installation = findInstallation(surroundings.env, surroundings.say);
        return withDatabases(installation, chosenService(options), async (databases) => {
          const events = await selectParkedEvents('waiting', id, options, databases);
          return changeSelected(
            {
              action: 'parked.retry',
              noun: 'key',
              done: events.length === 1 ? 'is tried now' : 'are tried now',
              found: oneForEachKey(events),
              listing: parkedListing('waiting', Date.now()),
              inJson: ({ item }) => item,
              change: async ({ database, item }) => {
                const retrying = await database.transaction((manager) => retryNow(manager, item, { who }));
                return retrying === 'retrying' ? 'changed' : 'gone';
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

function oneForEachKey(events: readonly Found<ParkedRow>[]): Found<ParkedRow>[] {
  const keys = new Map(
    // The first of a key is the head, because each key's events come in their order: later entries must not replace it.
    [...events].reverse().map((found) => [`${found.item.consumer} ${found.item.topic} ${found.item.key}`, found]),
  );
  return [...keys.values()].reverse();
}
