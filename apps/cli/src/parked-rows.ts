import type { ParkedDetail, ParkedRow } from '@waybill/inbox';
import { bytesInJson, type EventView, traceLink } from './event-view.js';
import type { Found } from './found.js';
import type { Listing } from './listing.js';
import { ago } from './moment.js';
import { brief } from './printable.js';

const ERROR_MAX = 60;

/** Parked events in lines, the dead ones with when they died and the others with when they are tried next. */
export function parkedListing(state: 'waiting' | 'dead', nowMs: number): (found: readonly Found<ParkedRow>[]) => Listing {
  return (found) => ({
    heading: [
      'consumer',
      state === 'dead' ? 'died' : 'parked',
      ...(state === 'dead' ? [] : ['next']),
      'type',
      'key',
      'topic/partition/offset',
      'attempts',
      'error',
      'id',
    ],
    rows: found.map(({ item }) => [
      item.consumer,
      ago(item.diedAt ?? item.parkedAt, nowMs),
      ...(state === 'dead' ? [] : [nextAttempt(item, nowMs)]),
      brief(item.type, ERROR_MAX),
      brief(item.key, ERROR_MAX),
      `${item.topic}/${item.partition}/${item.offset}`,
      String(item.attempts),
      brief(item.errorClass === null ? '' : `${item.errorClass}: ${item.error ?? ''}`, ERROR_MAX),
      item.id,
    ]),
    none: state === 'dead' ? 'Nothing is dead.' : 'Nothing is parked.',
    more: false,
  });
}

/** Of an event that failed: when its key is tried next. One that only waits behind another one has no error. */
function nextAttempt({ nextAttemptAt, errorClass }: ParkedRow, nowMs: number): string {
  if (nextAttemptAt === null) {
    return 'behind a dead one';
  }
  return errorClass === null ? 'behind' : ago(nextAttemptAt, nowMs);
}

export function parkedView(event: ParkedDetail): EventView {
  return {
    title: `${event.type} is ${event.state === 'dead' ? 'dead' : 'parked'}`,
    facts: [
      ['id', event.id],
      ['source', event.source],
      ['consumer', event.consumer],
      ['topic', event.topic],
      ['partition', event.partition],
      ['offset', event.offset],
      ['written to Kafka', event.recordTimestamp],
      ['key', event.key],
      ['subject', event.subject],
      ['sequence', event.sequence],
      ['correlation id', event.correlationId],
      ['attempts', event.attempts],
      ['parked', event.parkedAt],
      ['died', event.diedAt],
      ['next attempt', event.nextAttemptAt],
      ['error class', event.errorClass],
    ],
    error: event.error,
    traceparent: event.traceparent,
    headers: event.headers,
    payload: event.payload,
  };
}

export function parkedInJson(event: ParkedDetail, jaeger: string | undefined): object {
  const { payload, headers, ...facts } = event;
  return {
    ...facts,
    trace: traceLink(event.traceparent, jaeger) ?? null,
    headers: headers.map(([name, value]) => [name, bytesInJson(value)]),
    payload: bytesInJson(payload),
  };
}
