import { type Span, SpanStatusCode } from '@opentelemetry/api';

/** @internal The error's message may hold what was sent; the status, which is shown in lists, tells its name only. */
export function markFailed(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
}
