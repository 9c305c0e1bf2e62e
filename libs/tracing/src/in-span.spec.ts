import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inSpan } from './in-span.js';
import { contextFrom, currentTrace, nameRequestSpan, recordError } from './trace-context.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => provider.register());
beforeEach(() => exporter.reset());
afterAll(() => provider.shutdown());

function only() {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0]!;
}

describe('inSpan', () => {
  it('ends the span with the work and hands back its result', async () => {
    const result = await inSpan('call carrier', { kind: SpanKind.CLIENT, attributes: { 'shipment.id': 's1' } }, async () => {
      await Promise.resolve();
      expect(exporter.getFinishedSpans()).toHaveLength(0);
      return 7;
    });
    expect(result).toBe(7);
    expect(only()).toMatchObject({ name: 'call carrier', kind: SpanKind.CLIENT, attributes: { 'shipment.id': 's1' } });
  });

  it('is the parent of what happens inside', async () => {
    await inSpan('outer', {}, () => inSpan('inner', {}, () => undefined));
    const [inner, outer] = exporter.getFinishedSpans();
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.spanContext().traceId).toBe(outer?.spanContext().traceId);
  });

  it('joins the trace of a row, and starts one where it is told to', async () => {
    const written = await inSpan('write', {}, () => currentTrace());
    const writer = only().spanContext();
    exporter.reset();
    await inSpan('send', { parent: contextFrom(written), links: [{ context: writer }] }, () => undefined);
    const send = only();
    expect(send.spanContext().traceId).toBe(writer.traceId);
    expect(send.parentSpanContext?.spanId).toBe(writer.spanId);
    expect(send.links[0]?.context.spanId).toBe(writer.spanId);
    exporter.reset();
    await inSpan('batch', { parent: contextFrom({}) }, () => undefined);
    expect(only().parentSpanContext).toBeUndefined();
  });

  it('records an error and lets it travel on', async () => {
    const failing = inSpan('fail', {}, () => {
      throw new RangeError('no such shard');
    });
    await expect(failing).rejects.toThrow('no such shard');
    const span = only();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'RangeError' });
    expect(span.events[0]?.name).toBe('exception');
  });
});

describe('nameRequestSpan', () => {
  it('names a request after its route, and leaves an unknown one alone', async () => {
    await inSpan('GET', {}, () => nameRequestSpan('GET', '/orders/:id'));
    expect(only()).toMatchObject({ name: 'GET /orders/:id', attributes: { 'http.route': '/orders/:id' } });
    exporter.reset();
    await inSpan('GET', {}, () => nameRequestSpan('GET', undefined));
    expect(only().name).toBe('GET');
  });
});

describe('recordError', () => {
  it('marks what runs now as failed, and does nothing where nothing is recorded', async () => {
    await inSpan('GET /orders', {}, () => recordError(new TypeError('x is undefined')));
    expect(only()).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'TypeError' } });
    recordError(new Error('outside'));
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});
