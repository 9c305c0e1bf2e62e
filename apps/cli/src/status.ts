import { type StackFile, table } from '@waybill/local';
import { type ConsumerLag, readConsumerLag } from './consumer-lag.js';
import { type MessageTables, readMessageTables } from './message-tables.js';
import { readServiceHealth, type ServiceHealth } from './service-health.js';

export interface Status {
  readonly services: readonly ServiceHealth[];
  /** By service; an error's words where the database could not be asked. */
  readonly databases: Readonly<Record<string, MessageTables | { readonly error: string }>>;
  readonly lag: readonly ConsumerLag[] | { readonly error: string };
}

/** Asks every service, database and the broker at once; what does not answer is told as such and hides nothing else. */
export async function readStatus(stack: StackFile): Promise<Status> {
  const [services, databases, lag] = await Promise.all([
    Promise.all(stack.services.map(readServiceHealth)),
    Promise.all(
      Object.entries(stack.postgres).map(
        async ([service, url]) => [service, await orError(readMessageTables(service, url))] as const,
      ),
    ),
    orError(readConsumerLag(stack.kafka.brokers)),
  ]);
  return { services, databases: Object.fromEntries(databases), lag };
}

/** The same for a person. */
export function renderStatus({ services, databases, lag }: Status): string {
  return [
    table([
      ['service', 'state', 'checks', 'URL', 'pid'],
      ...services.map(({ name, instance, state, checks, url, pid }) => [
        instance === 1 ? name : `${name}.${instance}`,
        state,
        entries(checks),
        url,
        pid === 0 ? '-' : String(pid),
      ]),
    ]),
    Object.keys(databases).length === 0
      ? '  The databases cannot be asked from here: this stack keeps its passwords to itself.'
      : table([['database', 'outbox', 'oldest', 'held', 'inbox'], ...Object.entries(databases).map(databaseRow)]),
    'error' in lag
      ? `  Kafka: ${lag.error}`
      : table([
          ['consumer group', 'topic', 'lag'],
          ...lag.map((each) => [each.group, each.topic, String(each.lag)]),
        ]),
    `  orders: ${ordersByStatus(databases)}`,
  ].join('\n\n');
}

function databaseRow([service, tables]: [string, MessageTables | { readonly error: string }]): string[] {
  if ('error' in tables) {
    return [service, tables.error, '', '', ''];
  }
  const { waiting, held, oldestAgeMs } = tables.outbox;
  return [service, String(waiting), oldestAgeMs === null ? '-' : age(oldestAgeMs), String(held), entries(tables.inbox) || '-'];
}

function ordersByStatus(databases: Status['databases']): string {
  const { orders } = databases;
  if (orders === undefined || 'error' in orders) {
    return 'unknown';
  }
  return entries(orders.orders ?? {}) || 'none yet';
}

function entries(counts: Readonly<Record<string, string | number>>): string {
  return Object.entries(counts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function age(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

async function orError<T>(answer: Promise<T>): Promise<T | { error: string }> {
  try {
    return await answer;
  } catch (error) {
    return { error: error instanceof Error ? error.message || error.name : String(error) };
  }
}
