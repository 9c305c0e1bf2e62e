import { type Attributes, type Context, context, type Link, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

export interface SpanOptions {
  /** INTERNAL unless told. */
  readonly kind?: SpanKind;
  /** Ids and names of things; never names or addresses of people, never secrets. */
  readonly attributes?: Attributes;
  /** Other traces that this work belongs to. */
  readonly links?: Link[];
  /** Absent: what runs now. `contextFrom({})`: a new trace. */
  readonly parent?: Context;
}

/** Runs `run` inside a span that ends with it; an error is recorded and travels on. */
export async function inSpan<T>(name: string, options: SpanOptions, run: (span: Span) => T | Promise<T>): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {}, links = [], parent = context.active() } = options;
  const span = trace.getTracer('@waybill/tracing').startSpan(name, { kind, attributes, links }, parent);
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
