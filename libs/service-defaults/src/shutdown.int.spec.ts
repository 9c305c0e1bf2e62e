import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { toHeaders } from '@waybill/contracts';
import { inboxTables, parkingTables, replayTables } from '@waybill/inbox';
import { KafkaClient } from '@waybill/kafka';
import { outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, createTestTopic, TcpProxy, type TestDatabase, until } from '@waybill/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';

/*
 * Exit codes, signals and sockets belong to a process: each case is one of the built lib, with a real Postgres and Kafka.
 */

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const lib = join(import.meta.dirname, '..');

/**
 * A service with a route that takes its time and a handler that does, too; it tells what it asks of the database and when
 * the pool is closed. Its group and its topic are the test's own: the broker is shared.
 */
const SERVICE = `
  import '@waybill/service-defaults/early-signals';
  import '@waybill/tracing/register';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { Controller, Get, Inject, Injectable, Module, Param } from '@nestjs/common';
  import { databaseConfig, httpConfig, inboxConfig, kafkaConfig, rolesConfig, shutdownConfig } from '@waybill/config';
  import { KafkaClient } from '@waybill/kafka';
  import { runService, WaybillModule } from '@waybill/service-defaults';
  import pg from 'pg';
  import { DataSource } from 'typeorm';
  import { z } from 'zod';

  const { consumer } = KafkaClient.prototype;
  KafkaClient.prototype.consumer = function (options) {
    return consumer.call(this, { ...options, group: process.env.SPEC_GROUP, topics: [process.env.SPEC_TOPIC] });
  };
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (...args) {
    const answer = query.apply(this, args);
    const text = typeof args[0] === 'string' ? args[0] : args[0]?.text;
    answer?.then?.(() => console.log('query ' + text), () => undefined);
    return answer;
  };
  const { end } = pg.Pool.prototype;
  pg.Pool.prototype.end = function (...args) {
    console.log('pool closed');
    return end.apply(this, args);
  };

  class SlowController {
    constructor(dataSource) { this.dataSource = dataSource; }
    async get(seconds) {
      await this.dataSource.query('SELECT pg_sleep($1)', [seconds]);
      await this.dataSource.query('SELECT 1 AS last_query');
      return { waited: seconds };
    }
  }
  Controller('slow')(SlowController);
  Inject(DataSource)(SlowController, undefined, 0);
  Get(':seconds')(SlowController.prototype, 'get', Object.getOwnPropertyDescriptor(SlowController.prototype, 'get'));
  Param('seconds')(SlowController.prototype, 'get', 0);

  class ShippingSubscriptions {
    table = {
      'waybill.order.confirmed.v1': async (manager, event) => {
        await manager.query('INSERT INTO effects (id) VALUES ($1)', [event.subject]);
        console.log('handling ' + event.subject);
        await sleep(Number(process.env.SPEC_HANDLER_MS ?? 0));
      },
    };
  }
  Injectable()(ShippingSubscriptions);
  class AppModule {}
  Module({
    imports: [WaybillModule.forService({ name: 'shipping', entities: [], subscriptions: ShippingSubscriptions })],
    controllers: [SlowController],
    providers: [ShippingSubscriptions],
  })(AppModule);
  const config = z.object({
    ...httpConfig('shipping', 3003), ...databaseConfig('shipping'), ...kafkaConfig, ...inboxConfig, ...rolesConfig, ...shutdownConfig,
  });
  await runService({ name: 'shipping', config, module: AppModule });
`;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

class Service {
  output = '';
  errors = '';
  readonly ended: Promise<Ended>;

  constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.stdout?.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (this.errors += data.toString()));
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  }

  get lines(): string[] {
    return this.output.trimEnd().split('\n');
  }

  /** What is in the line of the log with these words. */
  said(words: string): Record<string, unknown> | undefined {
    const line = this.lines.find((each) => each.includes(`"msg":"${words}`));
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
  }

  async says(words: string): Promise<void> {
    await until(() => this.output.includes(words), { timeoutMs: 40_000, what: `"${words}" in ${this.output}${this.errors}` });
  }

  async ready(): Promise<void> {
    await until(async () => (await fetch(`${this.url}/health/ready`)).status === 200, { timeoutMs: 40_000, what: 'ready' });
  }

  signal(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal);
  }
}

let database: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' }).stdout).toBe('');
  database = await createTestDatabase(
    inject('postgresAdminUrl'),
    [outboxTables, outboxArchiveTables, inboxTables, parkingTables, replayTables, ['CREATE TABLE effects (id text NOT NULL)']].flat(),
  );
}, 120_000);
afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
  }
});
afterAll(() => database.drop());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function run(env: Record<string, string> = {}): Promise<Service> {
  const port = await freePort();
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVICE], {
    cwd: lib,
    env: {
      PATH: process.env['PATH'],
      SHIPPING_PORT: String(port),
      WAYBILL_SHIPPING_DATABASE_URL: database.url,
      WAYBILL_KAFKA_BROKERS: inject('kafkaBrokers'),
      ROLES: 'http',
      ...env,
    },
  });
  children.push(child);
  return new Service(child, `http://127.0.0.1:${port}`);
}

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
}

function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: { connection: 'keep-alive' } }, (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
    });
    request.on('error', reject).end();
  });
}

function orderConfirmed(topic: string, orderId: string) {
  return {
    topic,
    key: orderId,
    value: JSON.stringify({
      orderId,
      lines: [{ sku: 'BOOK-1', quantity: 1 }],
      shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    }),
    headers: toHeaders({
      id: randomUUID(),
      source: '/waybill/orders',
      type: 'waybill.order.confirmed.v1',
      subject: orderId,
      time: new Date().toISOString(),
      version: 2,
      partitionKey: orderId,
      correlationId: orderId,
    }),
  };
}

describe('SIGTERM', () => {
  it('lets a request of 3 s end with its 200, and closes the pool after the last query', async () => {
    const service = await run();
    await service.ready();
    const answer = ask(`${service.url}/slow/3`);
    // Only its own line says that it has begun: it is in the database.
    await until(async () => (await database.query("SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")).length > 0);
    service.signal();
    expect(await answer).toEqual({ status: 200, connection: 'close' });
    expect(await service.ended).toEqual({ code: 0, signal: null });
    const { lines } = service;
    const order = ['query SELECT pg_sleep($1)', 'query SELECT 1 AS last_query', 'pool closed'].map((line) => lines.lastIndexOf(line));
    expect(order.every((place) => place > 0)).toBe(true);
    expect([...order].sort((one, other) => one - other)).toEqual(order);
    expect(lines.slice(order.at(-1)).filter((line) => line.startsWith('query'))).toEqual([]);
  });

  it('stops an idle service within its drain and a second', async () => {
    const group = `spec-${randomUUID()}`;
    const topic = await createTestTopic(inject('kafkaBrokers'), 'idle', 2);
    const drainMs = 1_000;
    const env = { ROLES: 'http,relay,consumer', SPEC_GROUP: group, SPEC_TOPIC: topic, SHUTDOWN_DRAIN_MS: String(drainMs) };
    const service = await run(env);
    await service.ready();
    await until(async () => (await (await fetch(`${service.url}/metrics`)).text()).match(/^waybill_consumer_joined\{.*\} 1$/m), {
      timeoutMs: 30_000,
      what: 'the membership',
    });
    const startedAt = performance.now();
    service.signal();
    expect(await service.ended).toEqual({ code: 0, signal: null });
    const tookMs = performance.now() - startedAt;
    console.log(`idle, with a drain of ${drainMs} ms: stopped after ${Math.round(tookMs)} ms; by phase ${JSON.stringify(service.said('stopped')?.['tookMs'])}`);
    expect(tookMs).toBeLessThan(drainMs + 1_000);
  });

  it('lets clients that keep their connections reuse none that dies', async () => {
    const service = await run({ SHUTDOWN_DRAIN_MS: '700' });
    await service.ready();
    const { Agent } = await import('node:http');
    const agent = new Agent({ keepAlive: true, scheduling: 'fifo', maxSockets: 8 });
    const outcomes: string[] = [];
    let going = true;
    const client = async () => {
      while (going) {
        await new Promise<void>((resolve) => {
          const request = httpRequest(`${service.url}/slow/0.001`, { agent }, (response) => {
            response.resume().on('end', () => resolve(void outcomes.push(String(response.statusCode))));
          });
          request.on('error', () => resolve(void outcomes.push(request.reusedSocket ? 'a dead connection' : 'a closed door')));
          request.end();
        });
        going &&= outcomes.at(-1) === '200';
      }
    };
    const clients = Array.from({ length: 8 }, () => client());
    await until(() => outcomes.length > 40);
    service.signal();
    await Promise.all(clients);
    expect(await service.ended).toEqual({ code: 0, signal: null });
    // These clients ask nobody who is ready: they come until the door is closed.
    expect([...new Set(outcomes)].sort()).toEqual(['200', 'a closed door']);
    agent.destroy();
  });

  it('sends the spans of the last request, and does not wait for a collector that hangs', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push(body);
        response.end('{}');
      });
    });
    const mute = createServer(() => undefined);
    const endpointOf = async (server: typeof collector) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    try {
      const service = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: await endpointOf(collector) });
      await service.ready();
      expect((await ask(`${service.url}/slow/0.01`)).status).toBe(200);
      service.signal();
      expect(await service.ended).toEqual({ code: 0, signal: null });
      expect(bodies.join('')).toContain('/slow/:seconds');

      const unheard = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: await endpointOf(mute) });
      await unheard.ready();
      expect((await ask(`${unheard.url}/slow/0.01`)).status).toBe(200);
      unheard.signal();
      expect(await unheard.ended).toEqual({ code: 0, signal: null });
    } finally {
      for (const server of [collector, mute]) {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  it('is heard while the code is loaded, while the service starts, and while its database is away', async () => {
    for (const wait of [() => Promise.resolve(), (service: Service) => service.says('"msg"'), (service: Service) => service.says('shipping listens')]) {
      const service = await run({ WAYBILL_SHIPPING_DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing', SHUTDOWN_DRAIN_MS: '200' });
      await wait(service);
      service.signal();
      const { code, signal } = await service.ended;
      // Before Node has read the first module the signal ends it: nothing was begun.
      expect(signal === null ? code : signal, service.output + service.errors).toBe(signal === null ? 0 : 'SIGTERM');
    }
  });
});

describe('a handler that takes longer than the budget', () => {
  it('is cut off with exit code 1: its transaction rolls back, and the event takes effect once, later', async () => {
    const orderId = randomUUID();
    const topic = await createTestTopic(inject('kafkaBrokers'), 'long-handler');
    const env = { ROLES: 'consumer', SPEC_GROUP: `spec-${randomUUID()}`, SPEC_TOPIC: topic };
    const kafka = new KafkaClient({ clientId: 'spec', brokers: inject('kafkaBrokers').split(','), log: quiet });
    const producer = kafka.producer();
    await producer.publish([orderConfirmed(topic, orderId)]);
    await producer.disconnect();
    await kafka.close();
    const slow = await run({ ...env, SPEC_HANDLER_MS: '60000', SHUTDOWN_TIMEOUT_MS: '1000' });
    await slow.says(`handling ${orderId}`);
    slow.signal();
    expect(await slow.ended).toEqual({ code: 1, signal: null });
    expect(slow.said('the time-out of 1000 ms has passed')).toMatchObject({
      phase: 'intake',
      unfinishedSteps: ['consumer'],
      workInHand: { [`events of ${topic}/0`]: 1 },
      activeResources: { TCPSocketWrap: expect.any(Number) as number },
    });
    expect(await database.query('SELECT FROM effects WHERE id = $1', [orderId])).toHaveLength(0);

    const next = await run(env);
    // The group waits until the session of the one that was cut off has run out.
    await until(async () => (await database.query('SELECT FROM inbox WHERE subject = $1', [orderId])).length === 1, {
      timeoutMs: 40_000,
      what: 'the event that was cut off',
    });
    next.signal();
    expect(await next.ended).toEqual({ code: 0, signal: null });
    expect(await database.query('SELECT FROM effects WHERE id = $1', [orderId])).toHaveLength(1);
  });
});

describe('a database that hangs', () => {
  it('is not waited for beyond the deadline: exit code 1, and what was held is said', async () => {
    const { hostname, port } = new URL(database.url);
    const line = await TcpProxy.listen({ to: { host: hostname, port: Number(port) } });
    try {
      const url = new URL(database.url);
      url.host = `127.0.0.1:${line.port}`;
      const env = { SHUTDOWN_TIMEOUT_MS: '1500', SHUTDOWN_GRACE_MS: '4000', HTTP_REQUEST_TIMEOUT_MS: '60000' };
      const service = await run({ ...env, WAYBILL_SHIPPING_DATABASE_URL: url.toString() });
      await service.ready();
      line.blackhole('both');
      const answer = ask(`${service.url}/slow/0.01`).catch(() => 'cut off');
      await until(() => line.holding > 0);
      const startedAt = performance.now();
      service.signal();
      expect(await service.ended).toEqual({ code: 1, signal: null });
      // The supervisor would have killed it later.
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      expect(await answer).toBe('cut off');
      expect(service.said('the time-out of 1500 ms has passed')).toMatchObject({
        phase: 'in-flight',
        unfinishedSteps: ['work in hand'],
        workInHand: { 'GET /slow/:seconds': 1 },
      });
    } finally {
      await line.close();
    }
  });
});

describe('SIGTERM during a rebalance', () => {
  it('is not held up by a member that gives nothing back', async () => {
    const group = `spec-${randomUUID()}`;
    const topic = await createTestTopic(inject('kafkaBrokers'), 'rebalance');
    const kafka = new KafkaClient({ clientId: 'spec', brokers: inject('kafkaBrokers').split(','), log: quiet });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    const member = kafka.consumer({
      group,
      topics: [topic],
      handle: async () => {
        isHeld = true;
        await released;
      },
    });
    member.start();
    const producer = kafka.producer();
    await until(() => member.status().joined, { timeoutMs: 30_000 });
    await producer.publish([orderConfirmed(topic, randomUUID())]);
    await until(() => isHeld, { timeoutMs: 30_000 });
    const service = await run({ ROLES: 'consumer', SPEC_GROUP: group, SPEC_TOPIC: topic });
    try {
      await service.says('connected to the database');
      // The broker waits for the other member, for a minute, and this one waits for the broker.
      await until(async () => (await statesOf(group)) === 'PreparingRebalance', { timeoutMs: 30_000, what: 'a rebalance' });
      service.signal();
      expect(await service.ended).toEqual({ code: 0, signal: null });
      console.log(`SIGTERM during a rebalance: by phase ${JSON.stringify(service.said('stopped')?.['tookMs'])}`);
    } finally {
      release();
      await Promise.all([member.stop(), producer.disconnect()]);
      await kafka.close();
    }
  });
});

async function statesOf(group: string): Promise<string | undefined> {
  const { Kafka, logLevel } = await import('kafkajs');
  const admin = new Kafka({ clientId: 'spec', brokers: inject('kafkaBrokers').split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return (await admin.describeGroups([group])).groups[0]?.state;
  } finally {
    await admin.disconnect();
  }
}
