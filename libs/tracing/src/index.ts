export { onTracingTrouble } from './diagnostics.js';
export { inSpan, type SpanOptions } from './in-span.js';
export { flushTracing } from './provider.js';
export { type ServiceIdentity, serviceIdentity } from './service-identity.js';
export {
  activeTraceParent,
  contextFrom,
  continueTrace,
  currentTrace,
  isTracing,
  nameRequestSpan,
  recordError,
  runInTrace,
  type Trace,
  traceFields,
  traceId,
  traceOf,
} from './trace-context.js';
export { formatTraceParent, parseTraceParent } from './trace-parent.js';
export { SpanKind } from '@opentelemetry/api';
