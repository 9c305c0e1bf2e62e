import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SinkSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly service: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface OtlpSink {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  spansOf(traceId: string): SinkSpan[];
  stop(): Promise<void>;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpBody {
  readonly resourceSpans?: {
    readonly resource?: { readonly attributes?: OtlpAttribute[] };
    readonly scopeSpans?: {
      readonly spans?: (Omit<SinkSpan, 'service' | 'attributes' | 'links'> & {
        readonly attributes?: OtlpAttribute[];
        readonly links?: SinkSpan['links'];
      })[];
    }[];
  }[];
}

/** Takes spans as OTLP/HTTP in JSON and keeps them, so that a story can look at its own trace. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const spans = new Map<string, SinkSpan[]>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      for (const span of spansIn(JSON.parse(Buffer.concat(chunks).toString()) as OtlpBody)) {
        spans.set(span.traceId, [...(spans.get(span.traceId) ?? []), span]);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spansOf: (traceId) => spans.get(traceId) ?? [],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function spansIn(body: OtlpBody): SinkSpan[] {
  return (body.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource?.attributes)['service.name']);
    return (scopeSpans ?? []).flatMap(({ spans }) =>
      (spans ?? []).map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId === '' ? undefined : span.parentSpanId,
        name: span.name,
        service,
        links: span.links ?? [],
        attributes: attributesOf(span.attributes),
      })),
    );
  });
}

function attributesOf(attributes: OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
