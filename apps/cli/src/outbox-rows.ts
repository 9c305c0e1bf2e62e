import type { ListedRow, ShownRow } from '@waybill/outbox';
import { bytesInJson, type EventView, traceLink } from './event-view.js';
import type { Found } from './found.js';
import type { Listing } from './listing.js';
import { ago } from './moment.js';
import { brief } from './printable.js';

const NAME_MAX = 60;
const ERROR_MAX = 80;

export function outboxListing(nowMs: number): (found: readonly Found<ListedRow>[]) => Listing {
  return (found) => ({
    heading: ['service', 'state', 'age', 'type', 'aggregate', 'version', 'attempts', 'error', 'id'],
    rows: found.map(({ database, item }) => [
      database.service,
      item.state,
      ago(item.occurredAt, nowMs),
      brief(item.type, NAME_MAX),
      brief(`${item.aggregateType} ${item.aggregateId}`, NAME_MAX),
      item.version,
      String(item.attempts),
      brief(item.error, ERROR_MAX),
      item.id,
    ]),
    none: 'Nothing waits in the outbox.',
    more: false,
  });
}

export function outboxView(row: ShownRow): EventView {
  const { headers, value } = recordOf(row);
  return {
    title: `${row.type} ${STATES[row.state]}`,
    facts: [
      ['id', row.id],
      ['seq', row.seq],
      ['topic', row.topic],
      ['key', row.partitionKey],
      ['aggregate', `${row.aggregateType} ${row.aggregateId}`],
      ['version', row.version],
      ['written', row.occurredAt],
      ['correlation id', row.correlationId],
      ['causation id', row.causationId],
      ['attempts', row.attempts],
    ],
    error: row.error,
    traceparent: row.traceparent,
    headers,
    payload: value,
  };
}

export function outboxInJson(row: ShownRow, jaeger: string | undefined): object {
  const { raw, payload, ...facts } = row;
  const { headers, value } = recordOf(row);
  return {
    ...facts,
    trace: traceLink(row.traceparent, jaeger) ?? null,
    ...(raw === null ? {} : { headers: headers.map(([name, bytes]) => [name, bytesInJson(bytes)]) }),
    payload: raw === null ? payload : bytesInJson(value),
  };
}

const STATES: Readonly<Record<ListedRow['state'], string>> = {
  waiting: 'waits for the relay',
  held: 'is held: Kafka refuses it',
  behind: 'waits behind a held one of its aggregate',
};

/** Of a raw row the record as it will be sent; of an event its payload, because the relay makes its headers when it sends. */
function recordOf({ payload, raw }: ShownRow): Pick<EventView, 'headers'> & { readonly value: Buffer | null } {
  if (raw === null) {
    return { headers: [], value: Buffer.from(payload) };
  }
  const { value, headers } = JSON.parse(raw) as { value: string | null; headers: [string, string | null][] };
  return {
    headers: headers.map(([name, base64]) => [name, base64 === null ? null : Buffer.from(base64, 'base64')] as const),
    value: value === null ? null : Buffer.from(value, 'base64'),
  };
}
