import { findParked, listParked, type ParkedRow } from '@waybill/inbox';
import type { Surroundings } from './command.js';
import { renderEvent } from './event-view.js';
import { findIn, type Found, theOne } from './found.js';
import { findInstallation } from './installation.js';
import { cut, renderListing } from './listing.js';
import { palette } from './palette.js';
import { parkedInJson, parkedListing, parkedView } from './parked-rows.js';
import { chosenService, type ConsumerChoice, eventId } from './selection.js';
import { type ServiceDatabase, withDatabases } from './service-database.js';

export interface EventFilter extends ConsumerChoice {
  readonly topic: string | undefined;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly error: string | undefined;
  readonly since: Date | undefined;
}

/** More than anybody would look at; a filter that matches more is worked on in rounds. */
const SELECTED_MAX = 100_000;

/** `ls` of both states. */
export async function listParkedEvents(
  state: 'waiting' | 'dead',
  options: EventFilter & { readonly limit: number; readonly json: boolean },
  { env, print, say, colour }: Surroundings,
): Promise<number> {
  return withDatabases(findInstallation(env, say), chosenService(options), async (databases) => {
    const found = await findIn(databases, (manager) =>
      listParked(manager, { ...filterOf(options), state, limit: options.limit + 1 }),
    );
    const { shown, more } = cut(found, options.limit);
    print(
      options.json
        ? JSON.stringify(
            shown.map(({ item }) => item),
            null,
            2,
          )
        : renderListing({ ...parkedListing(state, Date.now())(shown), more }, palette(colour)),
    );
    return 0;
  });
}

/** `show` of both states. */
export async function showParkedEvent(
  state: 'waiting' | 'dead',
  operand: string | undefined,
  options: ConsumerChoice & { readonly json: boolean },
  { env, print, say, colour }: Surroundings,
): Promise<number> {
  const id = eventId(operand);
  const installation = findInstallation(env, say);
  return withDatabases(installation, chosenService(options), async (databases) => {
    const found = await findIn(databases, async (manager, { service }) => {
      const event = await findParked(manager, service, id);
      return event?.state === state ? [event] : [];
    });
    const { item } = theOne(found, `${state === 'dead' ? 'dead' : 'parked'} event with the id ${id}`);
    print(
      options.json
        ? JSON.stringify(parkedInJson(item, installation.jaeger), null, 2)
        : renderEvent(parkedView(item), installation.jaeger, palette(colour)),
    );
    return 0;
  });
}

/** The one that the id names, or all that match; in either state where none is given. @throws RefusedError where the id names none, or several */
export async function selectParkedEvents(
  state: 'waiting' | 'dead' | undefined,
  id: string | undefined,
  options: EventFilter,
  databases: readonly ServiceDatabase[],
): Promise<Found<ParkedRow>[]> {
  if (id === undefined) {
    return findIn(databases, (manager) => listParked(manager, { ...filterOf(options), state, limit: SELECTED_MAX }));
  }
  const found = await findIn(databases, async (manager, { service }) => {
    const event = await findParked(manager, service, id);
    return event !== undefined && (state ?? event.state) === event.state ? [event] : [];
  });
  return [theOne(found, `${state === 'dead' ? 'dead' : 'parked'} event with the id ${id}`)];
}

function filterOf({ topic, key, type, error, since }: EventFilter) {
  return { topic, key, type, errorClass: error, since };
}
