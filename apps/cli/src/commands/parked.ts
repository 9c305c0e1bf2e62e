import { type ParkedRow, retryNow } from '@waybill/inbox';
import { type Command, verb } from '../command.js';
import type { Found } from '../found.js';
import { changeParked } from '../parked-change.js';
import { listParkedEvents, showParkedEvent } from '../parked-events.js';
import { auditOptions, bulkOptions, consumerOptions, eventFilterOptions, jsonOption, listLimitOption } from '../selection.js';

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
      options: { ...eventFilterOptions, ...bulkOptions, ...auditOptions, ...jsonOption },
      run: ({ operands: [operand], options }, surroundings) =>
        changeParked(operand, options, surroundings, {
          state: 'waiting',
          action: 'parked.retry',
          noun: 'key',
          done: (count) => (count === 1 ? 'is tried now' : 'are tried now'),
          pick: oneForEachKey,
          change: async (manager, item, operator) =>
            (await retryNow(manager, item, operator)) === 'retrying' ? 'changed' : 'gone',
        }),
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
