import { type Service, services } from '@waybill/contracts';
import { UsageError } from './command-errors.js';
import { flag, number, oneOf, text, time } from './option.js';

/** How many rows a list shows unless it is told. */
const LIST_LIMIT = 50;

export const jsonOption = { json: flag('for programs') };

export const listLimitOption = {
  limit: number({ min: 1, max: 1_000_000, fallback: LIST_LIMIT }, 'N', 'how many rows at most'),
};

export const serviceOption = { service: oneOf(services, 'NAME', 'one service; all of them unless told') };

/** What consumers keep: the consumer has its service's name. */
export const consumerOptions = {
  ...serviceOption,
  consumer: oneOf(services, 'NAME', 'the same; a consumer has the name of its service'),
};

/** Which parked or dead events. */
export const eventFilterOptions = {
  ...consumerOptions,
  topic: text('TOPIC', 'of this topic, such as waybill.orders'),
  key: text('KEY', 'of this key: an order id'),
  type: text('TYPE', 'of this type, such as waybill.order.placed.v1'),
  error: text('CLASS', 'that failed with this class of error'),
  since: time('not older than this: 2026-11-25T03:00:00Z, or how long ago, such as 15m, 2h or 7d'),
};

/** How a change to many is made. */
export const bulkOptions = {
  all: flag('every one of them; needed where no filter is given'),
  limit: number({ min: 1, max: 1_000_000, fallback: undefined }, 'N', 'at most so many'),
  rate: number({ min: 0.1, max: 10_000, fallback: undefined, whole: false }, 'N', 'so many a second; as fast as it goes unless told'),
  'dry-run': flag('says what would be done, and does nothing'),
};

/** Of a change that needs a reason, and asks for it itself. */
export const actorOption = { as: text('NAME', 'who is written into the audit; unless told, the login and the host') };

/** What is written into the audit beside the change. */
export const auditOptions = { reason: text('TEXT', 'why, for the audit'), ...actorOption };

export interface ConsumerChoice {
  readonly service?: Service | undefined;
  readonly consumer?: Service | undefined;
}

/** The one service that was chosen; undefined for all. */
export function chosenService({ service, consumer }: ConsumerChoice): Service | undefined {
  if (service !== undefined && consumer !== undefined && service !== consumer) {
    throw new UsageError(`--service ${service} and --consumer ${consumer} contradict each other: a consumer has its service's name.`);
  }
  return service ?? consumer;
}

/** A change by filter needs a filter, so that a forgotten one does not mean "everything". */
export function requireSelection(
  id: string | undefined,
  options: Readonly<Record<string, unknown>> & { readonly all: boolean },
): void {
  const filters = ['service', 'consumer', 'topic', 'key', 'type', 'error', 'since', 'aggregate'];
  const given = filters.filter((name) => options[name] !== undefined);
  if (id === undefined && given.length === 0 && !options.all) {
    throw new UsageError('Name an ID or a filter; --all takes every one.');
  }
  const selecting = given.filter((name) => name !== 'service' && name !== 'consumer');
  if (id !== undefined && (selecting.length > 0 || options.all)) {
    throw new UsageError(`An ID names one; leave out ${options.all ? '--all' : `--${selecting.join(', --')}`}.`);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws UsageError where the operand is none */
export function eventId(operand: string | undefined): string {
  if (operand === undefined || !UUID.test(operand)) {
    throw new UsageError(`ID should be the id of an event, a UUID; got "${operand ?? ''}".`);
  }
  return operand.toLowerCase();
}
