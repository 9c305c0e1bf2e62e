import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { TraceState, W3CBaggagePropagator } from '@opentelemetry/core';
import { markFailed } from './failed-span.js';
import { randomId } from './random-id.js';
import { formatTraceParent, parseTraceParent } from './trace-parent.js';

/** W3C trace context as it travels: in headers, in a row of the outbox. */
export interface Trace {
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly baggage?: string;
}

/** Cuts baggage at the 8 KiB of the W3C specification, in both directions: it would be stored with every event. */
const baggagePropagator = new W3CBaggagePropagator();

/** False while nobody collects spans: making them would be work for nothing. Trace ids travel either way. */
export function isTracing(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('@waybill/tracing') !== undefined;
}

/** The trace context of the code that runs now; empty outside of any trace. */
export function currentTrace(): Trace {
  return traceOf(context.active());
}

/** The trace context that `from` carries. */
export function traceOf(from: Context): Trace {
  const span = trace.getSpanContext(from);
  if (span === undefined) {
    return {};
  }
  const carrier: Record<string, string> = {};
  baggagePropagator.inject(from, carrier, defaultTextMapSetter);
  const state = span.traceState?.serialize();
  const { baggage } = carrier;
  return {
    traceparent: formatTraceParent(span),
    ...(state === undefined || state === '' ? {} : { tracestate: state }),
    ...(baggage === undefined ? {} : { baggage }),
  };
}

/** The context in which work that belongs to `from` runs; without a usable traceparent it starts a trace of its own. */
export function contextFrom(from: Trace): Context {
  const { baggage } = from;
  const withBaggage =
    baggage === undefined ? ROOT_CONTEXT : baggagePropagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter);
  const parent = parseTraceParent(from.traceparent);
  if (parent === undefined) {
    return withBaggage;
  }
  const state = from.tracestate === undefined ? {} : { traceState: new TraceState(from.tracestate) };
  return trace.setSpanContext(withBaggage, { ...parent, ...state });
}

/** Runs `run` as part of the trace `from`; what it awaits, too. */
export function runInTrace<T>(from: Trace, run: () => T): T {
  return context.with(contextFrom(from), run);
}

/**
 * Runs `run` in the trace that its caller sent, or in a new one, so that there is a trace id even where nothing is
 * exported. Where the instrumentation of http has opened a span already, that span stays.
 */
export function continueTrace<T>(sent: Trace, run: () => T): T {
  if (trace.getSpanContext(context.active()) !== undefined) {
    return run();
  }
  const continued = contextFrom(sent);
  const known = trace.getSpanContext(continued) !== undefined;
  return context.with(known ? continued : trace.setSpanContext(continued, newSpanContext()), run);
}

/** Not sampled: whoever gets this trace id must not record half a trace. */
function newSpanContext() {
  return { traceId: randomId(16), spanId: randomId(8), traceFlags: 0 };
}

/** The trace id of the code that runs now. */
export function traceId(): string | undefined {
  return trace.getSpanContext(context.active())?.traceId;
}

/** The active span as a `traceresponse` header tells it to the caller. */
export function activeTraceParent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  return span === undefined ? undefined : formatTraceParent(span);
}

/** Names the server's span after the route's pattern; a span named after the path would be a group of its own. */
export function nameRequestSpan(method: string, route: string | undefined): void {
  const span = trace.getActiveSpan();
  if (route !== undefined && span?.isRecording() === true) {
    span.updateName(`${method} ${route}`);
    span.setAttribute('http.route', route);
  }
}

/** Marks the active span as failed, with the error that nobody expected. */
export function recordError(error: unknown): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) {
    markFailed(span, error);
  }
}

/** What a log line needs so that it is found from its trace; empty outside of any trace. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const span = trace.getSpanContext(context.active());
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
