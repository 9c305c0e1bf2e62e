import { type Attributes, type Context, context, type Link, type Span, SpanKind, trace } from '@opentelemetry/api';
import { markFailed } from './failed-span.js';

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
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}
