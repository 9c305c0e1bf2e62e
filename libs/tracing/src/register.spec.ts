import { execFile, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What is patched depends on what was loaded before, so each case is a process of its own that runs the built lib.

const lib = join(import.meta.dirname, '..');
const run = promisify(execFile);

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

let collector: Server;
let endpoint: string;
const spans: Span[] = [];

beforeAll(async () => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  const build = spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' });
  expect(build.stdout + build.stderr).toBe('');
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      expect(request.url).toBe('/v1/traces');
      expect(request.headers['content-type']).toBe('application/json');
      spans.push(...readSpans(body));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
}, 60_000);

afterAll(() => {
  collector.close();
});

function readSpans(body: string): Span[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: (Span & { attributes: Attribute[] })[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({ ...span, attributes: plain(span.attributes), resource: plain(resource.attributes) })),
    ),
  );
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

async function service(script: string, env: Record<string, string>): Promise<{ answer: unknown; stderr: string }> {
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: lib,
    env: { PATH: process.env['PATH'], ...env },
  });
  return { answer: JSON.parse(stdout || 'null'), stderr };
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

const HTTP_SERVICE = `
  import '@waybill/tracing/register';
  import { continueTrace, flushTracing, traceId } from '@waybill/tracing';
  import fastify from 'fastify';
  const app = fastify();
  app.addHook('onRequest', (request, reply, done) => continueTrace(request.headers, done));
  app.get('/inner', async () => ({ trace: traceId() }));
  app.get('/health/ready', async () => ({ trace: traceId() }));
  app.get('/outer', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return { trace: traceId(), inner: await (await fetch(app.listeningOrigin + '/inner')).json() };
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const http = await import('node:http');
  const get = (path) => new Promise((resolve) => http.get(app.listeningOrigin + path, { headers: { traceparent: '${TRACEPARENT}' } },
    (response) => response.on('data', (data) => resolve(JSON.parse(data)))));
  await get('/health/ready');
  const answer = await get('/outer');
  await app.close();
  await flushTracing(5000);
  process.stdout.write(JSON.stringify(answer));
`;

describe('@waybill/tracing/register', () => {
  it('records fastify and fetch as one trace, and neither probes nor its own exports', async () => {
    spans.length = 0;
    const { answer, stderr } = await service(HTTP_SERVICE, {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: 'orders',
      WAYBILL_INSTANCE: '2',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    });
    expect(stderr).toBe('');
    expect(answer).toEqual({ trace: TRACE_ID, inner: { trace: TRACE_ID } });
    const byPath = new Map(spans.map((span) => [`${span.kind} ${String(span.attributes['url.path'])}`, span]));
    expect([...byPath.keys()].sort()).toEqual(['2 /inner', '2 /outer', '3 /inner']);
    expect(spans).toHaveLength(3);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    expect(byPath.get('2 /outer')?.parentSpanId).toBe('b7ad6b7169203331');
    expect(byPath.get('3 /inner')?.parentSpanId).toBe(byPath.get('2 /outer')?.spanId);
    expect(byPath.get('2 /inner')?.parentSpanId).toBe(byPath.get('3 /inner')?.spanId);
    expect(spans[0]?.resource).toMatchObject({
      'service.name': 'orders',
      'service.instance.id': expect.stringMatching(/-2$/),
      'deployment.environment': 'test',
    });
  });

  it('carries a trace id where nothing is exported, and loads no SDK for it', async () => {
    const script = HTTP_SERVICE.replace('JSON.stringify(answer)', 'JSON.stringify({ answer, sdk: loadedSdk() })').concat(`
      import { createRequire } from 'node:module';
      function loadedSdk() {
        return Object.keys(createRequire(import.meta.url).cache).filter((file) => /sdk-trace|instrumentation/.test(file));
      }`);
    const { answer } = await service(script, {});
    expect(answer).toEqual({ answer: { trace: TRACE_ID, inner: { trace: expect.not.stringMatching(TRACE_ID) } }, sdk: [] });
  });

  it('does not hold a service whose collector is away, and says so once', async () => {
    const script = `
      import '@waybill/tracing/register';
      import { flushTracing, inSpan } from '@waybill/tracing';
      for (let batch = 0; batch < 3; batch++) {
        await inSpan('work', {}, () => undefined);
        await flushTracing(1500);
      }
      const startedAt = performance.now();
      await inSpan('work', {}, () => undefined);
      await flushTracing(300);
      process.stdout.write(JSON.stringify(performance.now() - startedAt));
      process.exit(0);
    `;
    const { answer, stderr } = await service(script, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '400',
      OTEL_SERVICE_NAME: 'orders',
    });
    expect(answer).toBeLessThan(2_000);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^tracing: .*ECONNREFUSED/)]);
  }, 20_000);
});
