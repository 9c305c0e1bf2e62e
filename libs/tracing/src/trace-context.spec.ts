import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activeTraceParent,
  contextFrom,
  continueTrace,
  currentTrace,
  runInTrace,
  traceFields,
  traceId,
  traceOf,
} from './trace-context.js';
import { formatTraceParent, parseTraceParent } from './trace-parent.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const traceparent = `00-${TRACE_ID}-${SPAN_ID}-01`;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => {
  context.disable();
});

describe('parseTraceParent', () => {
  it('reads what the W3C gives as its example, and writes it again', () => {
    const span = parseTraceParent(traceparent);
    expect(span).toEqual({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    expect(span && formatTraceParent(span)).toBe(traceparent);
  });

  it('reads the known parts of a future version, and passes on only the flags it knows', () => {
    const span = parseTraceParent(`cc-${TRACE_ID}-${SPAN_ID}-ff-what-the-future-will-be-like`);
    expect(span).toMatchObject({ traceId: TRACE_ID, traceFlags: 3 });
    expect(span && formatTraceParent(span)).toBe(`00-${TRACE_ID}-${SPAN_ID}-03`);
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['version ff', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['a zero trace id', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['a zero span id', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    ['a version 00 with more parts', `${traceparent}-more`],
    ['a short id', `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ['spaces', ` ${traceparent}`],
    ['two headers in one', `${traceparent}, ${traceparent}`],
    ['a line break', `${traceparent}\n`],
  ])('refuses %s', (_, header) => {
    expect(parseTraceParent(header)).toBeUndefined();
  });
});

describe('trace context', () => {
  const full = { traceparent, tracestate: 'vendor=1,other=2', baggage: 'tenant=42,flag=on' };

  it('comes out as it went in: through a row, through headers', () => {
    expect(traceOf(contextFrom(full))).toEqual(full);
    expect(runInTrace(full, () => currentTrace())).toEqual(full);
  });

  it('follows awaits, and ends with the work', async () => {
    await runInTrace(full, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(traceId()).toBe(TRACE_ID);
      expect(traceFields()).toEqual({ trace_id: TRACE_ID, span_id: SPAN_ID });
      expect(activeTraceParent()).toBe(traceparent);
    });
    expect(traceId()).toBeUndefined();
    expect(currentTrace()).toEqual({});
    expect(traceFields()).toEqual({});
  });

  it('is a trace of its own where the caller sent rubbish', () => {
    expect(traceOf(contextFrom({ traceparent: 'rubbish', tracestate: 'vendor=1' }))).toEqual({});
  });

  const entries = (count: number) => Array.from({ length: count }, (_, index) => `key${100 + index}=${'v'.repeat(90)}`);

  it('cuts baggage that comes in at 8 KiB, after the last entry that fits', () => {
    const baggage = entries(170).join(',');
    expect(Buffer.byteLength(baggage)).toBeGreaterThan(8_192);
    const kept = traceOf(contextFrom({ traceparent, baggage })).baggage ?? '';
    expect(kept.length).toBeLessThanOrEqual(8_192);
    expect(kept.length).toBeGreaterThan(8_000);
    expect(baggage.startsWith(`${kept},`)).toBe(true);
    expect(traceOf(contextFrom({ traceparent, baggage: `key=${'v'.repeat(9_000)}` }))).toEqual({ traceparent });
  });

  it('cuts baggage that grew in here, too', () => {
    const grown = Object.fromEntries(entries(170).map((entry) => [entry.slice(0, 6), { value: entry.slice(7) }]));
    const from = propagation.setBaggage(contextFrom({ traceparent }), propagation.createBaggage(grown));
    const kept = traceOf(from).baggage ?? '';
    expect(kept.length).toBeLessThanOrEqual(8_192);
    expect(kept.split(',')).toEqual(entries(170).slice(0, kept.split(',').length));
    expect(kept.length).toBeGreaterThan(8_000);
  });
});

describe('continueTrace', () => {
  it('joins the trace that the caller sent', () => {
    expect(continueTrace({ traceparent }, traceId)).toBe(TRACE_ID);
  });

  it.each([['nothing', {}], ['rubbish', { traceparent: '00-zz' }]])('starts a trace when the caller sent %s', (_, sent) => {
    const first = continueTrace(sent, activeTraceParent);
    expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(continueTrace(sent, activeTraceParent)).not.toBe(first);
  });

  it('never gives two requests the same trace', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => continueTrace({}, traceId)));
    expect(ids.size).toBe(10_000);
  });

  it('leaves a span that is open already', () => {
    const own = contextFrom({ traceparent: `00-${'a'.repeat(32)}-${SPAN_ID}-01` });
    expect(context.with(own, () => continueTrace({ traceparent }, traceId))).toBe('a'.repeat(32));
    expect(context.with(ROOT_CONTEXT, () => continueTrace({ traceparent }, traceId))).toBe(TRACE_ID);
  });
});
