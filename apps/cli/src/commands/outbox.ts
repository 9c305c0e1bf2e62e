import { publishers, services } from '@waybill/contracts';
import { writeAudit } from '@waybill/inbox';
import { discardHeld, type ListedRow, listOutbox, releaseHeld, showOutbox } from '@waybill/outbox';
import { type BulkChangeOptions, changeSelected } from '../bulk-change.js';
import { type Command, type Surroundings, verb } from '../command.js';
import { UsageError } from '../command-errors.js';
import { renderEvent } from '../event-view.js';
import { findIn, type Found, oldestFirst, theOne } from '../found.js';
import { findInstallation } from '../installation.js';
import { cut, renderListing } from '../listing.js';
import { operatorName } from '../operator.js';
import { flag, oneOf, required, text, time } from '../option.js';
import { outboxInJson, outboxListing, outboxView } from '../outbox-rows.js';
import { palette } from '../palette.js';
import { republishArchived } from '../republishing.js';
import {
  actorOption,
  auditOptions,
  bulkOptions,
  eventId,
  jsonOption,
  listLimitOption,
  requireSelection,
  serviceOption,
} from '../selection.js';
import { type ServiceDatabase, withDatabase, withDatabases } from '../service-database.js';

const filterOptions = {
  ...serviceOption,
  aggregate: text('ID', 'of this aggregate, such as an order id'),
  type: text('TYPE', 'of this type, such as waybill.order.placed.v1'),
};

/** Events on their way out. */
export const outbox: Command = {
  summary: 'events that wait for Kafka; those that it refuses are held, and hold back their own aggregate only',
  verbs: {
    ls: verb({
      summary: 'lists them, the oldest first',
      options: { ...filterOptions, held: flag('only those that Kafka refuses'), ...listLimitOption, ...jsonOption },
      run: async ({ options }, { env, print, say, colour }) => {
        const { service, aggregate, type, held, limit, json } = options;
        return withDatabases(findInstallation(env, say), service, async (databases) => {
          const filter = { type, aggregateId: aggregate, state: held ? ('held' as const) : undefined, limit: limit + 1 };
          const found = await findIn(databases, (manager) => listOutbox(manager, filter));
          const { shown, more } = cut(oldestFirst(found, ({ occurredAt }) => occurredAt), limit);
          print(
            json
              ? JSON.stringify(shown.map(inJson), null, 2)
              : renderListing({ ...outboxListing(Date.now())(shown), more }, palette(colour)),
          );
          return 0;
        });
      },
    }),
    show: verb({
      summary: 'shows one whole: payload, attempts, error, its trace',
      operands: ['ID'],
      options: { ...serviceOption, ...jsonOption },
      run: async ({ operands: [operand], options }, { env, print, say, colour }) => {
        const id = eventId(operand);
        const installation = findInstallation(env, say);
        return withDatabases(installation, options.service, async (databases) => {
          const found = await findIn(databases, async (manager) => {
            const row = await showOutbox(manager, id);
            return row === undefined ? [] : [row];
          });
          const { item } = theOne(found, `row with the id ${id} in an outbox (what Kafka has acknowledged is gone)`);
          print(
            options.json
              ? JSON.stringify(outboxInJson(item, installation.jaeger), null, 2)
              : renderEvent(outboxView(item), installation.jaeger, palette(colour)),
          );
          return 0;
        });
      },
    }),
    retry: verb({
      summary: 'lets the relay try a held one again, or all held ones that match',
      operands: ['[ID]'],
      options: { ...filterOptions, ...bulkOptions, ...auditOptions, ...jsonOption },
      run: ({ operands: [operand], options }, surroundings) =>
        changeHeld(operand, options, surroundings, {
          action: 'outbox.retry',
          done: (count) => (count === 1 ? 'is tried again' : 'are tried again'),
          change: releaseHeld,
        }),
    }),
    discard: verb({
      summary: 'deletes a held one, or all held ones that match: it is never sent; later ones of its aggregate are',
      operands: ['[ID]'],
      options: {
        ...filterOptions,
        reason: required(text('TEXT', 'why'), 'an event that is never sent leaves the other services without it'),
        ...bulkOptions,
        ...actorOption,
        ...jsonOption,
      },
      run: ({ operands: [operand], options }, surroundings) =>
        changeHeld(operand, options, surroundings, {
          action: 'outbox.discard',
          done: (count) => (count === 1 ? 'is discarded' : 'are discarded'),
          change: discardHeld,
        }),
    }),
    republish: verb({
      summary: 'sends again, from the archive, what Kafka had acknowledged; whoever has handled it already drops it',
      options: {
        service: required(oneOf(services, 'NAME', 'whose events'), 'each service has an archive of its own'),
        since: required(time('acknowledged since: 2026-11-25T03:00:00Z, or how long ago, such as 2h'), 'nobody wants all of it by mistake'),
        until: time('and before this; now unless told'),
        aggregate: text('ID', 'of this aggregate only, such as an order id'),
        'dry-run': flag('says how much it would be, and does nothing'),
        ...auditOptions,
        ...jsonOption,
      },
      run: async ({ options }, surroundings) => {
        const { service, since, until, aggregate } = options;
        if (until !== undefined && until <= since) {
          throw new UsageError(`--until should be after --since; got ${until.toISOString()} and ${since.toISOString()}.`);
        }
        const installation = findInstallation(surroundings.env, surroundings.say);
        return withDatabase(installation, service, (database) =>
          republishArchived(
            database,
            {
              since,
              until,
              aggregate: aggregate === undefined ? undefined : { type: publishers[service].aggregateType, id: aggregate },
              who: operatorName(options.as),
              reason: options.reason,
              dryRun: options['dry-run'],
              json: options.json,
            },
            surroundings,
          ),
        );
      },
    }),
  },
};

interface HeldChange {
  readonly action: string;
  readonly done: (count: number) => string;
  readonly change: typeof releaseHeld;
}

type HeldOptions = BulkChangeOptions & {
  readonly all: boolean;
  readonly service: ServiceDatabase['service'] | undefined;
  readonly aggregate: string | undefined;
  readonly type: string | undefined;
  readonly as: string | undefined;
  readonly reason: string | undefined;
};

const SELECTED_MAX = 100_000;

async function changeHeld(
  operand: string | undefined,
  options: HeldOptions,
  surroundings: Surroundings,
  { action, done, change }: HeldChange,
): Promise<number> {
  requireSelection(operand, { ...options });
  const id = operand === undefined ? undefined : eventId(operand);
  const who = operatorName(options.as);
  return withDatabases(findInstallation(surroundings.env, surroundings.say), options.service, async (databases) => {
    const found = await selectHeld(id, options, databases);
    return changeSelected(
      {
        action,
        noun: 'held event',
        done,
        found,
        listing: outboxListing(Date.now()),
        inJson,
        change: ({ database, item }) =>
          database.transaction(async (manager) => {
            if ((await change(manager, item.id)) === 'not-held') {
              return 'gone';
            }
            const { id: rowId, topic, type, aggregateType, aggregateId, version } = item;
            const subject = { id: rowId, topic, type, aggregateType, aggregateId, version };
            await writeAudit(manager, { who, action, subject, reason: options.reason });
            return 'changed';
          }),
      },
      options,
      surroundings,
    );
  });
}

async function selectHeld(
  id: string | undefined,
  { aggregate, type }: HeldOptions,
  databases: readonly ServiceDatabase[],
): Promise<Found<ListedRow>[]> {
  if (id === undefined) {
    const filter = { state: 'held' as const, type, aggregateId: aggregate, limit: SELECTED_MAX };
    const all = await findIn(databases, (manager) => listOutbox(manager, filter));
    return oldestFirst(all, ({ occurredAt }) => occurredAt);
  }
  const found = await findIn(databases, async (manager) => {
    const row = await showOutbox(manager, id);
    return row?.state === 'held' ? [row] : [];
  });
  return [theOne(found, `held row with the id ${id} in an outbox`)];
}

function inJson({ database, item }: Found<ListedRow>): object {
  return { service: database.service, ...item };
}
