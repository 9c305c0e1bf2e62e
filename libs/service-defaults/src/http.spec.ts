import '@waybill/tracing/register';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Inject, Module, Param, Post, Query } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { healthConfig, httpConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { CommitUnknownError } from '@waybill/database';
import type { Logger } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProblemError } from './problem-error.js';
import { type RunningService, startService } from './start-service.js';
import { LOGGER } from './tokens.js';

const parcel = z
  .object({ to: z.string().min(1), pieces: z.array(z.object({ weight: z.int().positive() })).min(1) })
  .meta({ id: 'Parcel' });
const receipt = z.object({ id: z.uuid(), note: z.string().nullable() }).meta({ id: 'Receipt' });
const page = z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) });

const failures: Record<string, () => unknown> = {
  commit: () => new CommitUnknownError(new Error('socket closed by 10.0.0.7')),
  database: () => Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' }),
  bug: () => new TypeError("cannot read 'hush' of undefined"),
  stranger: () => Object.assign(new Error('a library that knows HTTP'), { statusCode: 418 }),
  text: () => 'thrown text',
};

class ParcelsController {
  constructor(private readonly log: Logger) {}

  send(body: z.output<typeof parcel>) {
    return { id: '019ac000-0000-7000-8000-000000000001', note: `${body.pieces.length} pieces` };
  }

  list(query: z.output<typeof page>) {
    this.log.info({ password: 'hush', deep: { token: 'hush' } }, 'listing');
    return query;
  }

  fail(how: string) {
    throw failures[how]?.();
  }

  find(id: string) {
    throw new ProblemError({
      code: 'parcel-not-found',
      status: 404,
      title: 'There is no such parcel',
      detail: `Nobody has sent ${id}.`,
      headers: { 'x-depot': 'empty' },
    });
  }

  async wait(ms: string) {
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    return { waited: ms };
  }
}

// Specs are in no tsconfig that the test runner reads, so it knows no decorators here: they are called by hand.
function route(method: keyof ParcelsController, parameter: ParameterDecorator, ...decorators: MethodDecorator[]): void {
  const { prototype } = ParcelsController;
  Reflect.defineMetadata('design:paramtypes', [Object], prototype, method);
  parameter(prototype, method, 0);
  for (const decorator of decorators) {
    decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method) ?? {});
  }
}

Controller('parcels')(ParcelsController);
Inject(LOGGER)(ParcelsController, undefined, 0);
route('send', Body({ schema: parcel }), Post(), ApiResponse({ status: 201, standardSchema: receipt }));
route('list', Query({ schema: page }), Get());
route('fail', Param('how'), Get('failing/:how'));
route('find', Param('id', { schema: z.uuid() }), Get(':id'), ApiResponse({ status: 404, description: 'Nobody sent it.' }));
route('wait', Param('id'), Post(':id/wait'), HttpCode(200));

class AppModule {}
Module({ controllers: [ParcelsController] })(AppModule);

const config = z.object({ ...httpConfig('post', 3999), ...healthConfig, ...shutdownConfig, ...rolesConfig });
const lines: string[] = [];
const exit = vi.fn();

function start(env: Record<string, string> = {}): Promise<RunningService> {
  const logTo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return startService({ name: 'post', config, module: AppModule }, { env, port: 0, exit, logTo });
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const type = response.headers.get('content-type');
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: type?.includes('json') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

const json = (body: string): RequestInit => ({ method: 'POST', body, headers: { 'content-type': 'application/json' } });

let service: RunningService;

beforeAll(async () => {
  service = await start({ HTTP_REQUEST_TIMEOUT_MS: '1000', HEALTH_DETAIL_TOKEN: 'sesame' });
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(() => service.shutdown.stop('spec'));

describe('an answer', () => {
  it('carries the trace that the caller sent, also into the log', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { status, headers, body } = await ask(`${service.url}/parcels?limit=7`, {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    expect({ status, body }).toEqual({ status: 200, body: { limit: 7 } });
    expect(headers.get('traceresponse')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    const line = JSON.parse(lines.find((each) => each.includes('listing')) ?? '{}');
    expect(line).toMatchObject({ service: 'post', instance: 1, level: 30, trace_id: traceId, password: '***', deep: { token: '***' } });
  });

  it('is a problem with a stable type and a trace id when a schema refuses the body, and names each field', async () => {
    const { status, type, headers, body } = await ask(`${service.url}/parcels?x=hush`, json('{"to":"","pieces":[{"weight":1},{"weight":1.5}]}'));
    expect(status).toBe(400);
    expect(type).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({
      type: 'urn:waybill:problem:validation',
      title: 'The request is not valid',
      status: 400,
      instance: '/parcels',
      errors: [
        { field: 'to', message: expect.any(String) },
        { field: 'pieces.1.weight', message: expect.any(String) },
      ],
    });
    expect(body['traceId']).toBe(headers.get('traceresponse')?.split('-')[1]);
  });

  it.each([
    ['a body that is missing', json(''), '(body)'],
    ['a body that is no object', json('[]'), '(body)'],
    ['a field that is missing', json('{"to":"x"}'), 'pieces'],
  ])('names %s', async (_, init, field) => {
    const { status, body } = await ask(`${service.url}/parcels`, init);
    expect(status).toBe(400);
    expect(body['errors']).toEqual([{ field, message: expect.any(String) }]);
  });

  it.each([
    ['/parcels/abc', 'id'],
    ['/parcels?limit=0', 'limit'],
  ])('names what is wrong in %s', async (path, field) => {
    expect((await ask(service.url + path)).body).toMatchObject({ status: 400, errors: [{ field }] });
  });

  it('lists at most 50 of many errors', async () => {
    const pieces = Array.from({ length: 2_000 }, () => ({ weight: 0 }));
    const { body } = await ask(`${service.url}/parcels`, json(JSON.stringify({ to: 'x', pieces })));
    expect(body['errors']).toHaveLength(50);
    expect(body['detail']).toContain('Only the first 50 of 2000');
  });

  it.each([
    ['no JSON', '/parcels', json('{"to":'), 400, 'invalid-json'],
    ['a poisoned prototype', '/parcels', json('{"__proto__":{"admin":true}}'), 400, 'invalid-json'],
    ['another content type', '/parcels', { method: 'POST', body: '{}' }, 415, 'unsupported-media-type'],
    ['more than 256 KiB', '/parcels', json(`"${'x'.repeat(256 * 1024)}"`), 413, 'body-too-large'],
    ['an unknown route', '/letters', {}, 404, 'not-found'],
    ['an unknown method', '/parcels', { method: 'PATCH' }, 404, 'not-found'],
    ['a malformed path', '/parcels/%zz', {}, 400, 'bad-request'],
    ['a problem of the service', '/parcels/019ac000-0000-7000-8000-000000000001', {}, 404, 'parcel-not-found'],
    ['a commit without an answer', '/parcels/failing/commit', {}, 503, 'commit-unknown'],
    ['a database that is away', '/parcels/failing/database', {}, 503, 'database-unavailable'],
    ['a controller that does not answer', '/parcels/5000/wait', { method: 'POST' }, 503, 'timeout'],
    ['a bug', '/parcels/failing/bug', {}, 500, 'internal'],
    ['an error of a library with a status of its own', '/parcels/failing/stranger', {}, 500, 'internal'],
    ['thrown text', '/parcels/failing/text', {}, 500, 'internal'],
  ] as const)('to %s is a problem', async (_, path, init, status, code) => {
    const answer = await ask(service.url + path, init);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: `urn:waybill:problem:${code}`, status, instance: path });
    expect(answer.body['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.headers.has('retry-after')).toBe(status === 503);
    expect(JSON.stringify(answer.body)).not.toMatch(/10\.0\.0\.7|hush|at .*\.ts/);
  });

  it('has the headers of its problem', async () => {
    const { headers } = await ask(`${service.url}/parcels/019ac000-0000-7000-8000-000000000001`);
    expect(headers.get('x-depot')).toBe('empty');
  });

  it('to a bug is logged with its stack; to a dependency that is away in one line without', async () => {
    await ask(`${service.url}/parcels/failing/bug`);
    await ask(`${service.url}/parcels/failing/database`);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged[0]).toMatchObject({ level: 50, problem: 'internal', err: { type: 'TypeError', stack: expect.stringContaining('http.spec') } });
    expect(logged[1]).toMatchObject({ level: 40, problem: 'database-unavailable', reason: expect.stringContaining('ECONNREFUSED') });
    expect(logged[1]).not.toHaveProperty('err');
  });

  it('to bytes that are no HTTP is a problem, too', async () => {
    const { hostname, port } = new URL(service.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('EHLO\r\n\r\n'));
      let text = '';
      socket.on('data', (data: Buffer) => {
        text += data.toString();
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*urn:waybill:problem:bad-request/s);
  });
});

describe('operators', () => {
  it.each([
    ['live', 'live'],
    ['startup', 'started'],
    ['ready', 'ready'],
  ])('are told by /health/%s that the service is %s, and must not keep the answer', async (probe, status) => {
    const answer = await ask(`${service.url}/health/${probe}`);
    expect(answer).toMatchObject({ status: 200, body: { status } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('traceresponse')).toBe(false);
  });

  it('find requests counted by route, never by path, and probes not at all', async () => {
    await ask(`${service.url}/parcels/abc`);
    await ask(`${service.url}/health/live`);
    await ask(`${service.url}/some/path/of/a/scanner`);
    const { text } = (await ask(`${service.url}/metrics`)).body as { text: string };
    expect(text).toMatch(/http_server_request_duration_seconds_count\{.*route="\/parcels\/:id".*status="400".*\} [1-9]/);
    expect(text).toContain('process_cpu_user_seconds_total');
    expect(text).not.toMatch(/scanner|route="\/health|abc/);
  });

  it('find no probe in the log, where every other request is', async () => {
    const talkative = await start({ LOG_LEVEL: 'debug' });
    try {
      await ask(`${talkative.url}/parcels`);
      for (const probe of ['/live', '/ready', '/startup', '']) {
        await ask(`${talkative.url}/health${probe}`);
      }
      expect(lines.join('')).toContain('/parcels');
      const requests = lines.map((line) => JSON.parse(line) as { path?: string }).filter(({ path }) => path?.startsWith('/health'));
      expect(requests).toEqual([]);
    } finally {
      await talkative.shutdown.stop('spec');
    }
  });

  it('see reasons only with the token, and nothing of them is kept', async () => {
    const detail = (authorization?: string) =>
      ask(`${service.url}/health`, authorization === undefined ? {} : { headers: { authorization } });
    const admitted = await detail('Bearer sesame');
    expect(admitted).toMatchObject({ status: 200, body: { live: { status: 'live' }, checks: {}, loops: {}, eventLoop: { lastStallMs: expect.any(Number) as number } } });
    expect(admitted.headers.get('cache-control')).toBe('no-store');
    for (const wrong of [undefined, 'Bearer sesam', 'Bearer ', 'Basic sesame']) {
      const refused = await detail(wrong);
      expect(refused).toMatchObject({ status: 401, body: { type: 'urn:waybill:problem:unauthorized' } });
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(JSON.stringify(refused.body)).not.toContain('sesame');
    }
  });

  it('find no detail where no token is set', async () => {
    const closed = await start();
    try {
      expect(await ask(`${closed.url}/health`, { headers: { authorization: 'Bearer sesame' } })).toMatchObject({ status: 404 });
    } finally {
      await closed.shutdown.stop('spec');
    }
  });

  it('are answered also where the role http is not, and nobody else is', async () => {
    const relay = await start({ ROLES: 'relay' });
    try {
      expect((await ask(`${relay.url}/health/ready`)).body).toMatchObject({ status: 'ready' });
      expect((await ask(`${relay.url}/metrics`)).status).toBe(200);
      expect((await ask(`${relay.url}/parcels`)).body).toMatchObject({ status: 404, type: 'urn:waybill:problem:not-found' });
    } finally {
      await relay.shutdown.stop('spec');
    }
  });

  it('get no work counted as in hand once it is answered, over a socket or injected', async () => {
    await ask(`${service.url}/parcels`);
    await service.app.inject('/parcels');
    await vi.waitFor(() => expect(service.shutdown.work.list()).toEqual({}), { timeout: 4_000 });
  });
});

describe('the OpenAPI document', () => {
  interface OpenApi {
    openapi: string;
    paths: Record<string, Record<string, { requestBody?: unknown; responses: Record<string, { content?: Record<string, unknown> }> }>>;
    components: { schemas: Record<string, unknown> };
  }
  let document: OpenApi;

  beforeAll(async () => {
    document = (await ask(`${service.url}/openapi.json`)).body as unknown as OpenApi;
  });

  it('is 3.1, made from the schemas that validate, in which nullable is a type', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.paths['/parcels']?.['post']?.requestBody).toEqual({
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Parcel' } } },
    });
    expect(document.components.schemas['Parcel']).toMatchObject({ required: ['to', 'pieces'] });
    expect(JSON.stringify(document.components.schemas['Receipt'])).toContain('"type":["string","null"]');
  });

  it('gives every operation its problems', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        expect(responses['default']?.content, `${method} ${path}`).toHaveProperty(['application/problem+json']);
      }
    }
    expect(document.paths['/parcels/{id}']?.['get']?.responses['404']?.content).toHaveProperty(['application/problem+json']);
    expect(document.paths['/parcels']?.['post']?.responses['400']?.content).toHaveProperty(['application/problem+json']);
  });

  it('refers to nothing that is not in it, and leaves the probes out', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(3);
    for (const [, name] of references) {
      expect(document.components.schemas).toHaveProperty(name!);
    }
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/health'))).toEqual([]);
  });

  it('has a page at /docs', async () => {
    const { status, body } = await ask(`${service.url}/docs`);
    expect(status).toBe(200);
    expect(body['text']).toContain('swagger-ui');
    expect((await ask(`${service.url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });
});

describe('a service that stops', () => {
  it('answers what it has begun, closes the connections and refuses new ones', async () => {
    exit.mockReset();
    const stopping = await start();
    const { hostname, port } = new URL(stopping.url);
    // A connection that was opened in advance, as browsers do, and never used, must not hold the stop.
    const idle = connect(Number(port), hostname);
    await ask(`${stopping.url}/parcels`);
    const answer = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      const request = httpRequest(`${stopping.url}/parcels/1500/wait`, { method: 'POST', headers: { connection: 'keep-alive' } }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, connection: response.headers.connection });
      });
      request.on('error', reject);
      request.end();
    });
    await vi.waitFor(() => expect(stopping.shutdown.work.list()).toEqual({ 'POST /parcels/:id/wait': 1 }), { timeout: 4_000 });
    const startedAt = performance.now();
    const stopped = stopping.shutdown.stop('spec');
    await vi.waitFor(() => expect(ask(stopping.url)).rejects.toThrow());
    expect(stopping.shutdown.work.list(), 'refused while the request is in hand').not.toEqual({});
    expect(await answer).toEqual({ status: 200, connection: 'close' });
    await stopped;
    idle.destroy();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  }, 20_000);

  it('lets in who knocked before the door was closed, and whose request is still on its way', async () => {
    exit.mockReset();
    const stopping = await start();
    const { hostname, port } = new URL(stopping.url);
    const late = connect(Number(port), hostname);
    let answer = '';
    late.on('data', (data: Buffer) => (answer += data.toString()));
    const ended = new Promise((resolve) => late.once('close', resolve));
    await new Promise((resolve) => late.once('connect', resolve));
    const stopped = stopping.shutdown.stop('spec');
    await vi.waitFor(() => expect(ask(stopping.url)).rejects.toThrow(), { timeout: 900, interval: 5 });
    late.write('GET /parcels HTTP/1.1\r\nhost: post\r\n\r\n');
    await Promise.all([ended, stopped]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('is not ready, but answers, while it drains', async () => {
    const draining = await start({ SHUTDOWN_DRAIN_MS: '400' });
    const stopped = draining.shutdown.stop('spec');
    expect((await ask(`${draining.url}/health/ready`)).body).toEqual({ status: 'draining' });
    expect(await ask(`${draining.url}/parcels`)).toMatchObject({ status: 200 });
    expect((await ask(`${draining.url}/parcels`)).headers.get('connection')).toBe('close');
    await stopped;
  });
});
