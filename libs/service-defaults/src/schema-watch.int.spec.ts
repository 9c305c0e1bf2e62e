import { Writable } from 'node:stream';
import { Module } from '@nestjs/common';
import { databaseConfig, httpConfig, kafkaConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { contract, liveInstances, migrate, type Migration } from '@waybill/database';
import { inboxTables, parkingTables } from '@waybill/inbox';
import { outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type RunningService, startService } from './start-service.js';
import type { BackgroundWorker } from './subscriptions.js';
import { WaybillModule } from './waybill.module.js';

class CreateRows1764000000001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE rows (id integer PRIMARY KEY, old text)');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

class DropOld1764000000002 implements Migration {
  readonly phase = 'contract' as const;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE rows DROP COLUMN old');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

class Clerk implements BackgroundWorker {
  static started = 0;
  readonly name = 'clerk';

  start(): void {
    Clerk.started += 1;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

class AppModule {}
Module({
  imports: [WaybillModule.forService({ name: 'orders', entities: [], migrations: [CreateRows1764000000001], workers: [Clerk] })],
  providers: [Clerk],
})(AppModule);

const config = z.object({
  ...httpConfig('orders', 3001),
  ...shutdownConfig,
  ...databaseConfig('orders'),
  ...kafkaConfig,
  ...rolesConfig,
});
let database: TestDatabase;
let service: RunningService;
let logged = '';

beforeAll(async () => {
  database = await createTestDatabase(
    inject('postgresAdminUrl'),
    [outboxTables, outboxArchiveTables, inboxTables, parkingTables].flat(),
  );
  service = await startService(
    { name: 'orders', config, module: AppModule },
    {
      env: {
        WAYBILL_ORDERS_DATABASE_URL: database.url,
        WAYBILL_KAFKA_BROKERS: '127.0.0.1:9',
        ROLES: 'http,consumer',
        SHUTDOWN_DRAIN_MS: '0',
      },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({
        write(chunk: Buffer, _, done) {
          logged += chunk.toString();
          done();
        },
      }),
    },
  );
});

afterAll(async () => {
  await service.shutdown.stop('spec');
  await database.drop();
});

async function ready(): Promise<{ status: number; missing: readonly string[] | undefined }> {
  const answer = await fetch(`${service.url}/health/ready`);
  const { missing } = (await answer.json()) as { missing?: readonly string[] };
  return { status: answer.status, missing };
}

function settings(migrations: readonly (new () => Migration)[]) {
  return { url: database.url, applicationName: 'migrate', migrations, log: () => undefined };
}

describe('a service whose schema is not there yet', () => {
  it('is not ready, says which migration it needs, and begins no work; with the migration it does', async () => {
    await until(async () => (await ready()).missing?.includes('schema'));
    await until(() => logged.includes('orders needs CreateRows1764000000001 (expand), which has not run: node apps/orders/dist/migrate.js'));
    expect(Clerk.started).toBe(0);
    await migrate(settings([CreateRows1764000000001]));
    await until(async () => (await ready()).missing === undefined);
    await until(() => Clerk.started === 1);
  });

  it('is seen by a contract that it does not know, until it has stopped', async () => {
    const all = [CreateRows1764000000001, DropOld1764000000002];
    await until(async () => (await liveInstances(database)).length === 1);
    await expect(contract(settings(all))).rejects.toThrow(/DropOld1764000000002 takes away what orders 1 \(pid \d+ on \S+\), version/);
    await service.shutdown.stop('spec');
    expect(await contract(settings(all))).toEqual(['DropOld1764000000002']);
  });
});
