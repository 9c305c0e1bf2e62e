import type { Operator, ParkedRow } from '@waybill/inbox';
import type { EntityManager } from 'typeorm';
import type { ItemOutcome } from './bulk.js';
import { type BulkChange, type BulkChangeOptions, changeSelected } from './bulk-change.js';
import type { Surroundings } from './command.js';
import type { Found } from './found.js';
import { findInstallation } from './installation.js';
import { operatorName } from './operator.js';
import { type EventFilter, selectParkedEvents } from './parked-events.js';
import { parkedListing } from './parked-rows.js';
import { chosenService, eventId, requireSelection } from './selection.js';
import { withDatabases } from './service-database.js';

/** What is done to parked or dead events. */
export interface ParkedChange extends Pick<BulkChange<ParkedRow>, 'action' | 'noun' | 'done'> {
  readonly state: 'waiting' | 'dead';
  /** True: the one that an id names may be in the other state, too. */
  readonly byIdInAnyState?: boolean;
  /** Which of those that were found; all of them unless told. */
  readonly pick?: (found: readonly Found<ParkedRow>[]) => readonly Found<ParkedRow>[];
  /** Writes its line in the audit itself. */
  readonly change: (manager: EntityManager, item: ParkedRow, operator: Operator) => Promise<ItemOutcome>;
}

export type ParkedChangeOptions = EventFilter &
  BulkChangeOptions & {
    readonly all: boolean;
    readonly as: string | undefined;
    readonly reason: string | undefined;
  };

/** Changes the one that the operand names, or all that match. Resolves with the exit code. */
export async function changeParked(
  operand: string | undefined,
  options: ParkedChangeOptions,
  surroundings: Surroundings,
  { state, byIdInAnyState = false, action, noun, done, pick = (found) => found, change }: ParkedChange,
): Promise<number> {
  requireSelection(operand, { ...options });
  const id = operand === undefined ? undefined : eventId(operand);
  const operator = { who: operatorName(options.as), reason: options.reason };
  const installation = findInstallation(surroundings.env, surroundings.say);
  return withDatabases(installation, chosenService(options), async (databases) =>
    changeSelected(
      {
        action,
        noun,
        done,
        found: pick(await selectParkedEvents(id !== undefined && byIdInAnyState ? undefined : state, id, options, databases)),
        listing: parkedListing(state, Date.now()),
        inJson: ({ item }) => item,
        change: ({ database, item }) => database.transaction((manager) => change(manager, item, operator)),
      },
      options,
      surroundings,
    ),
  );
}
