import { execFile, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

const lib = join(import.meta.dirname, '..');
const run = promisify(execFile);
const bodies: string[] = [];
let collector: Server;

beforeAll(async () => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' }).stdout).toBe('');
  collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  collector.close();
});

it('records the statements of TypeORM inside a span, without their parameters, and none outside of one', async () => {
  const script = `
    import '@waybill/tracing/register';
    import { flushTracing, inSpan } from '@waybill/tracing';
    import { DataSource } from 'typeorm';
    const dataSource = new DataSource({ type: 'postgres', url: process.env.DATABASE, installExtensions: false });
    await dataSource.initialize();
    await dataSource.query('SELECT $1::text AS polled', ['hush']);
    await inSpan('place order', {}, () => dataSource.transaction((manager) => manager.query('SELECT $1::text AS stored', ['hush'])));
    const [client] = await dataSource.driver.obtainMasterConnection();
    await inSpan('prepared', {}, () => client.query({ name: '7f3a', text: 'SELECT $1::text AS prepared', values: ['hush'] }));
    client.release();
    await dataSource.destroy();
    await flushTracing(5000);
  `;
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: lib,
    env: {
      PATH: process.env['PATH'],
      DATABASE: inject('postgresAdminUrl'),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    },
  });
  expect(stderr).toBe('');
  const exported = bodies.join('');
  const statements = [...exported.matchAll(/"key":"db\.query\.text","value":\{"stringValue":"([^"]*)"/g)].map(([, text]) => text);
  expect(statements).toEqual(['START TRANSACTION', 'SELECT $1::text AS stored', 'COMMIT', 'SELECT $1::text AS prepared']);
  const names = [...exported.matchAll(/"name":"(pg\.query:[^"]*)"/g)].map(([, name]) => name);
  expect(names).toEqual(['START', 'SELECT', 'COMMIT', 'SELECT'].map((operation) => `pg.query:${operation} postgres`));
  expect(exported).not.toContain('hush');
});
