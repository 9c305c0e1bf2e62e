import { type Attributes, context, type Link, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextFrom, type Trace } from './trace-context.js';
import { parseTraceParent } from './trace-parent.js';

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Ids and names of things; never names or addresses of people, never secrets. */
  readonly attributes?: Attributes;
  /** Other traces that this work belongs to. */
  readonly links?: readonly Trace[];
  /** Absent: what runs now. `{}`: a new trace. */
  readonly parent?: Trace;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Runs `run` inside a span that ends with it; an error is recorded and travels on. */
export async function inSpan<T>(name: string, options: SpanOptions, run: (span: Span) => T | Promise<T>): Promise<T> {
  const parent = options.parent === undefined ? context.active() : contextFrom(options.parent);
  const span = trace.getTracer('waybill').startSpan(
    name,
    {
      kind: KINDS[options.kind ?? 'internal'],
      ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
      links: (options.links ?? []).flatMap(linkTo),
    },
    parent,
  );
  try {
    return await context.with(trace.setSpan(parent, span), () => run(span));
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
    throw error;
  } finally {
    span.end();
  }
}

function linkTo(other: Trace): Link[] {
  const spanContext = parseTraceParent(other.traceparent);
  return spanContext === undefined ? [] : [{ context: spanContext }];
}
