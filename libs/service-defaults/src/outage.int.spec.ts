import { connect, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { databaseConfig, httpConfig, kafkaConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { inboxTables, parkingTables } from '@waybill/inbox';
import { outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type RunningService, startService } from './start-service.js';
import { WaybillModule } from './waybill.module.js';

/** Stands between a service and its Postgres, and can take it away in the two ways that networks have. */
class Line {
  readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private frozen = false;
  opened = 0;
  port = 0;

  constructor(private readonly target: URL) {}

  async connect(): Promise<void> {
    const server = createServer((near) => this.join(near));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as { port: number }).port;
  }

  /** Connections end, new ones are refused: the process is gone. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  /** Connections stay, and nothing comes: the process is stopped, or a packet filter eats it all. */
  freeze(): void {
    this.frozen = true;
    this.sockets.forEach((socket) => socket.pause());
  }

  thaw(): void {
    this.frozen = false;
    this.sockets.forEach((socket) => socket.resume());
  }

  /** New connections come through; the old ones stay as they are. */
  revive(): void {
    this.frozen = false;
  }

  private join(near: Socket): void {
    this.opened += 1;
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.frozen) {
        from.pause();
      }
    }
  }
}

class RowsController {
  constructor(private readonly dataSource: DataSource) {}

  async count(): Promise<unknown> {
    const [row] = await this.dataSource.query<{ count: string }[]>('SELECT count(*) FROM outbox');
    return row;
  }
}
Controller('rows')(RowsController);
Inject(DataSource)(RowsController, undefined, 0);
Get()(RowsController.prototype, 'count', Object.getOwnPropertyDescriptor(RowsController.prototype, 'count') ?? {});

class AppModule {}
Module({ imports: [WaybillModule.forService({ name: 'orders', entities: [] })], controllers: [RowsController] })(AppModule);

const config = z.object({
  ...httpConfig('orders', 3001),
  ...databaseConfig('orders'),
  ...kafkaConfig,
  ...rolesConfig,
  ...shutdownConfig,
});

let database: TestDatabase;
let line: Line;
let service: RunningService;

async function start(): Promise<RunningService> {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${line.port}`;
  return startService(
    { name: 'orders', config, module: AppModule },
    {
      env: {
        WAYBILL_ORDERS_DATABASE_URL: url.toString(),
        // Nobody listens there: Kafka is away all the time.
        WAYBILL_KAFKA_BROKERS: '127.0.0.1:9',
        ROLES: 'http,relay',
        HTTP_REQUEST_TIMEOUT_MS: '1000',
        SHUTDOWN_TIMEOUT_MS: '10000',
      },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
}

async function ask(path: string): Promise<{ status: number; body: Record<string, unknown>; retryAfter: string | null }> {
  const response = await fetch(service.url + path);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body, retryAfter: response.headers.get('retry-after') };
}

const ready = () => ask('/health/ready');
const untilReady = (status: number) => until(async () => (await ready()).status === status, { what: `ready ${status}` });

beforeAll(async () => {
  database = await createTestDatabase(
    inject('postgresAdminUrl'),
    [outboxTables, outboxArchiveTables, inboxTables, parkingTables].flat(),
  );
  line = new Line(new URL(database.url));
  await line.connect();
});
afterAll(async () => {
  await line.cut();
  await database.drop();
});

describe('a service whose Postgres is away at the start', () => {
  it('listens, is live, answers 503, and becomes ready as soon as Postgres is there', async () => {
    await line.cut();
    service = await start();
    expect(await ask('/health/live')).toMatchObject({ status: 200 });
    expect(await ask('/health/startup')).toMatchObject({ status: 200 });
    await until(async () => (await ready()).body['status'] === 'not ready');
    expect(await ready()).toMatchObject({ status: 503, body: { missing: ['database'] } });
    expect(await ask('/rows')).toMatchObject({
      status: 503,
      retryAfter: '2',
      body: { type: 'urn:waybill:problem:database-unavailable' },
    });
    await line.connect();
    await untilReady(200);
    expect(await ask('/rows')).toMatchObject({ status: 200, body: { count: '0' } });
  });

  it('says degraded, and works, while only Kafka is away', async () => {
    await until(async () => (await ready()).body['status'] === 'degraded');
    expect(await ready()).toMatchObject({ status: 200, body: { degraded: ['kafka'] } });
    expect(await ask('/rows')).toMatchObject({ status: 200 });
  });
});

describe('a service whose Postgres goes away later', () => {
  it('answers 503, says so within two periods, stays live, and recovers by itself', async () => {
    await line.cut();
    expect(await ask('/rows')).toMatchObject({ status: 503, body: { type: 'urn:waybill:problem:database-unavailable' } });
    await untilReady(503);
    expect((await ask('/health/live')).status).toBe(200);
    await line.connect();
    await untilReady(200);
    expect((await ask('/rows')).status).toBe(200);
  });

  it('is not held by a Postgres that hangs: requests get 503, probes answer at once and do not pile up', async () => {
    line.freeze();
    const opened = line.opened;
    const frozenAt = performance.now();
    expect(await ask('/rows')).toMatchObject({ status: 503, body: { type: 'urn:waybill:problem:timeout' } });
    await untilReady(503);
    const startedAt = performance.now();
    for (let probe = 0; probe < 100; probe++) {
      await ready();
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // The check that throws a silent connection away tries one other at a time, and each for 3 s.
    const turns = Math.ceil((performance.now() - frozenAt) / 3_000);
    expect(line.opened - opened).toBeLessThanOrEqual(turns + 1);
    line.thaw();
    await untilReady(200);
    expect((await ask('/rows')).status).toBe(200);
  });

  it('is ready again within two periods, though what was sent into a dead line is never answered', async () => {
    line.freeze();
    await untilReady(503);
    // The old connections stay dead: a failover looks like this.
    line.revive();
    const revivedAt = performance.now();
    await untilReady(200);
    // A connection that was being opened into the dead line has its own time-out of 3 s.
    expect(performance.now() - revivedAt).toBeLessThan(3_000 + 2_000);
  });

  it('stops in order while Postgres is away', async () => {
    await line.cut();
    const startedAt = performance.now();
    await service.shutdown.stop('spec');
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    await line.connect();
  });
});
