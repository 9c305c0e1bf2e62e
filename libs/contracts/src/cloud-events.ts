import { type Envelope, eventSchemas, type EventType, isEventType, type Trace } from './events.js';
import { upcast, versionOf } from './versions.js';

/** What goes into the headers of one record; strings throughout, because the relay never parses what it carries. */
export interface EventHeaders {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly version: number | string;
  readonly partitionKey: string;
  readonly correlationId: string;
  readonly causationId?: string | undefined;
  readonly deadline?: string | undefined;
  readonly flags?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/**
 * CloudEvents 1.0 in Kafka's binary mode: attributes are headers, the data is the record's value.
 *
 * Source: cloudevents/spec, bindings/kafka-protocol-binding.md; extensions partitioning, sequence, distributed tracing.
 */
export function toHeaders(event: EventHeaders): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
    ce_subject: event.subject,
    ce_time: event.time,
    ce_dataschema: `urn:waybill:schema:${event.type}`,
    ce_partitionkey: event.partitionKey,
    ce_sequence: String(event.version).padStart(10, '0'),
    ce_correlationid: event.correlationId,
  };
  add(headers, 'ce_causationid', event.causationId);
  add(headers, 'ce_deadline', event.deadline);
  add(headers, 'ce_flags', event.flags);
  add(headers, 'traceparent', event.traceparent);
  add(headers, 'tracestate', event.tracestate);
  add(headers, 'baggage', event.baggage);
  return headers;
}

function add(headers: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined && value !== '') {
    headers[name] = value;
  }
}

/** Either the envelope, or why the record is no event at all. */
export type EnvelopeResult =
  | { readonly kind: 'event'; readonly envelope: Envelope }
  | { readonly kind: 'no-event'; readonly problem: string };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads the envelope of a consumed record. `headers` hold text; a header that came more than once counts as missing. */
export function readEnvelope(
  headers: Readonly<Record<string, string | undefined>>,
  key: string | undefined,
): EnvelopeResult {
  const problems: string[] = [];
  const need = (name: string): string => {
    const value = headers[name];
    if (value === undefined || value === '') {
      problems.push(`header ${name} is missing`);
      return '';
    }
    return value;
  };
  const specversion = need('ce_specversion');
  if (specversion !== '' && specversion !== '1.0') {
    problems.push(`ce_specversion should be 1.0, got ${quote(specversion)}`);
  }
  const id = need('ce_id');
  if (id !== '' && !UUID.test(id)) {
    problems.push(`ce_id should be a UUID, got ${quote(id)}`);
  }
  const source = need('ce_source');
  const type = need('ce_type');
  const subject = need('ce_subject');
  const sequence = need('ce_sequence');
  if (sequence !== '' && !/^\d{1,15}$/.test(sequence)) {
    problems.push(`ce_sequence should be a number of at most 15 digits, got ${quote(sequence)}`);
  }
  if (problems.length > 0) {
    return { kind: 'no-event', problem: problems.join('; ') };
  }
  const partitionKey = headers['ce_partitionkey'] ?? key ?? subject;
  return {
    kind: 'event',
    envelope: {
      id: id.toLowerCase(),
      source,
      type,
      subject,
      time: headers['ce_time'] ?? '',
      version: Number(sequence),
      partitionKey,
      correlationId: headers['ce_correlationid'] ?? partitionKey,
      ...optional('causationId', headers['ce_causationid']),
      trace: traceOf(headers),
    },
  };
}

function traceOf(headers: Readonly<Record<string, string | undefined>>): Trace {
  return {
    ...optional('traceparent', headers['traceparent']),
    ...optional('tracestate', headers['tracestate']),
    ...optional('baggage', headers['baggage']),
  };
}

function optional<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [name]: value } as Partial<Record<K, string>>);
}

/** True for `waybill.order.placed.v2` when only v1 is known: an upgrade is under way, and this consumer is behind. */
export function isNewerVersionOfKnownType(type: string): boolean {
  const asked = versionOf(type);
  if (asked === undefined || isEventType(type)) {
    return false;
  }
  const known = Object.keys(eventSchemas)
    .map(versionOf)
    .filter((candidate) => candidate?.name === asked.name);
  return known.length > 0 && known.every((candidate) => candidate !== undefined && candidate.version < asked.version);
}

/**
 * Why a record with a good envelope could not be read:
 * `not-json` is no event at all; `schema` is an event whose producer broke the contract, and must not be skipped.
 */
export type DataResult =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'not-json'; readonly problem: string }
  | { readonly kind: 'schema'; readonly problem: string };

/**
 * Reads and checks the data of a known type, and upcasts it to the version that the consumer handles (`readAs`).
 *
 * A tolerant reader: unknown properties are dropped, not refused.
 */
export function readData(type: EventType, value: string | undefined, version: EventType = type): DataResult {
  let json: unknown;
  try {
    json = JSON.parse(value ?? '');
  } catch (cause) {
    return { kind: 'not-json', problem: `the value is not JSON: ${String(cause)}` };
  }
  const parsed = eventSchemas[type].safeParse(json);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
    return { kind: 'schema', problem: `the data does not match ${type}: ${fields.join('; ')}` };
  }
  return { kind: 'data', data: upcast(parsed.data, type, version) };
}

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
