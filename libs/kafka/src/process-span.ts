import { context, SpanKind, trace as otel } from '@opentelemetry/api';
import { contextFrom, inSpan, isTracing } from '@waybill/tracing';
import type { ConsumedRecord } from './consumed-record.js';

/**
 * Runs the processing of one record in its span: child of the context in the record, and linked to it, so that one
 * event is one step of its trace. A record without a context is processed without a span.
 *
 * Source: OpenTelemetry semantic conventions, messaging spans.
 */
export async function inProcessSpan<T>(record: ConsumedRecord, group: string, process: () => Promise<T>): Promise<T> {
  const { traceparent, tracestate, baggage } = record.headers;
  if (traceparent === undefined) {
    return process();
  }
  const parent = contextFrom({
    traceparent,
    ...(tracestate === undefined ? {} : { tracestate }),
    ...(baggage === undefined ? {} : { baggage }),
  });
  if (!isTracing()) {
    return context.with(parent, process);
  }
  const creator = otel.getSpanContext(parent);
  return inSpan(
    `process ${record.topic}`,
    {
      kind: SpanKind.CONSUMER,
      parent,
      links: creator === undefined ? [] : [{ context: creator }],
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': record.topic,
        'messaging.destination.partition.id': String(record.partition),
        'messaging.kafka.offset': Number(record.offset),
        'messaging.consumer.group.name': group,
        ...(record.key === undefined ? {} : { 'messaging.kafka.message.key': record.key }),
        ...(record.headers['ce_id'] === undefined ? {} : { 'messaging.message.id': record.headers['ce_id'] }),
      },
    },
    process,
  );
}
