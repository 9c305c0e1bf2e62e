import type { SpanContext } from '@opentelemetry/api';

const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** sampled and random: the bits that W3C Trace Context defines; others must not be passed on. */
const KNOWN_FLAGS = 0b11;

/**
 * Reads a `traceparent` strictly; undefined for whatever the W3C calls invalid (upper case, zeros, version ff, a
 * version 00 with more than four parts), so that the reader starts a new trace instead of joining a made-up one.
 */
export function parseTraceParent(header: string | undefined): SpanContext | undefined {
  const match = SHAPE.exec(header ?? '');
  const [, version, traceId, spanId, flags, more] = match ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) {
    return undefined;
  }
  const invalid = version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(spanId);
  return invalid ? undefined : { traceId, spanId, traceFlags: parseInt(flags, 16) & KNOWN_FLAGS, isRemote: true };
}

export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & KNOWN_FLAGS).toString(16).padStart(2, '0')}`;
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}
