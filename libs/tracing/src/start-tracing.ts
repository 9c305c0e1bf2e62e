import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { context, diag, DiagLogLevel } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { diagnostics } from './diagnostics.js';
import { setProvider } from './provider.js';
import { serviceIdentity } from './service-identity.js';

/** The operators' doors: traced, they would outnumber the requests. */
const UNTRACED = /^\/(health|metrics|docs|openapi\.json)(\/|\?|-|$)/;

/**
 * Starts what carries trace context through awaits, and, where there is a collector, what records and exports spans.
 *
 * Must run before anything loads http or pg, and therefore synchronously: modules that are imported after one with a
 * top-level await do not wait for it. That is why the SDK is loaded by `require`, and only where it is needed: it
 * costs 100 ms and 20 MB (sdk-node, with the exporters that nobody here uses, 300 ms).
 */
export function startTracing(env: NodeJS.ProcessEnv, entry: string | undefined): void {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim().replace(/\/+$/, '') ?? '';
  if (endpoint === '' || env['OTEL_SDK_DISABLED'] === 'true') {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    return;
  }
  diag.setLogger(diagnostics, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  startExport(env, endpoint, entry);
}

function startExport(env: NodeJS.ProcessEnv, endpoint: string, entry: string | undefined): void {
  const require = createRequire(import.meta.url);
  const sdk = require('@opentelemetry/sdk-trace-node') as typeof import('@opentelemetry/sdk-trace-node');
  const otlp = require('@opentelemetry/exporter-trace-otlp-http') as typeof import('@opentelemetry/exporter-trace-otlp-http');
  const resources = require('@opentelemetry/resources') as typeof import('@opentelemetry/resources');
  const identity = serviceIdentity(env, entry);
  const provider = new sdk.NodeTracerProvider({
    resource: resources
      .defaultResource()
      .merge(
        resources.resourceFromAttributes({
          'service.name': identity.name,
          'service.version': identity.version,
          'service.instance.id': identity.instance,
        }),
      )
      // What the operator says in OTEL_RESOURCE_ATTRIBUTES wins.
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [
      new sdk.BatchSpanProcessor(
        new otlp.OTLPTraceExporter({
          url: tracesUrl(env, endpoint),
          timeoutMillis: Number(env['OTEL_EXPORTER_OTLP_TIMEOUT'] || 5_000),
        }),
        // A person who follows an order in Jaeger should not wait for the default of 5 seconds.
        { scheduledDelayMillis: Number(env['OTEL_BSP_SCHEDULE_DELAY'] || 1_000) },
      ),
    ],
  });
  provider.register();
  setProvider(provider);
  instrument(require);
}

function tracesUrl(env: NodeJS.ProcessEnv, endpoint: string): string {
  return env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || `${endpoint}/v1/traces`;
}

function instrument(require: NodeJS.Require): void {
  const { registerInstrumentations } = require('@opentelemetry/instrumentation') as typeof import('@opentelemetry/instrumentation');
  const http = require('@opentelemetry/instrumentation-http') as typeof import('@opentelemetry/instrumentation-http');
  const pg = require('@opentelemetry/instrumentation-pg') as typeof import('@opentelemetry/instrumentation-pg');
  const undici = require('@opentelemetry/instrumentation-undici') as typeof import('@opentelemetry/instrumentation-undici');
  registerInstrumentations({
    instrumentations: [
      new http.HttpInstrumentation({
        ignoreIncomingRequestHook: (request: IncomingMessage) => UNTRACED.test(request.url ?? ''),
        requireParentforOutgoingSpans: true,
      }),
      // Queries of polls and probes have no parent and would be a trace each. Parameters are personal data.
      new pg.PgInstrumentation({
        requireParentSpan: true,
        ignoreConnectSpans: true,
        enhancedDatabaseReporting: false,
        // Otherwise a prepared statement's span would bear its name on the connection, which says nothing to a reader.
        requestHook: (span, { query, connection }) => {
          span.updateName(`pg.query:${operationOf(query.text)} ${connection.database ?? ''}`.trimEnd());
        },
      }),
      new undici.UndiciInstrumentation({ requireParentforSpans: true }),
    ],
  });
}

/** `INSERT`, `SELECT`, ...: the first word. */
function operationOf(text: string): string {
  return /\w+/.exec(text)?.[0].toUpperCase() ?? 'statement';
}
