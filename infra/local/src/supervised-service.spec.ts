import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@waybill/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.js';
import { LogFile } from './log-file.js';
import { ProcessRoll } from './process-roll.js';
import { ServerStartError } from './server-start.js';
import { SetUpError } from './set-up-error.js';
import { SupervisedService, type SupervisedServiceOptions } from './supervised-service.js';

let home: string;
let roll: ProcessRoll;
const services: SupervisedService[] = [];
let notices: string[];
let lines: string[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
  roll = await ProcessRoll.open(home, { temporary: false });
  notices = [];
  lines = [];
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  roll.close();
  rmSync(home, { recursive: true, force: true });
});

/** Says ready, and ends in order when it is asked to. */
const SERVER = `
  const server = require('node:http').createServer((_, response) => response.end('{}'));
  server.listen(Number(process.env.PORT), '127.0.0.1');
  process.on('SIGTERM', () => { console.log('drained'); process.exit(0); });
`;

describe('a supervised service', () => {
  it('is started when it is ready, and stopped in order', async () => {
    const service = await supervise(SERVER);
    await service.start();
    expect(await service.isReady()).toBe(true);
    expect(service.pid).toBeGreaterThan(0);
    await service.stop();
    expect(service.pid).toBeUndefined();
    expect(await service.isReady()).toBe(false);
    expect(notices).toEqual([]);
  });

  it('is started again after a crash, and that is told', async () => {
    const service = await supervise(SERVER);
    await service.start();
    const first = service.pid;
    await service.kill('SIGKILL');
    await until(() => notices.some((notice) => notice.includes('is ready again')), { what: 'the restart' });
    expect(service.pid).not.toBe(first);
    expect(notices[0]).toMatch(/orders ended with SIGKILL after .* s\. Starting it again in 0\.5 s; its log: .*orders\.log/);
  });

  it('stays down without restarts, until it is started', async () => {
    const service = await supervise(SERVER, { restart: false });
    await service.start();
    expect(await service.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await until(() => notices.length > 0);
    expect(notices[0]).toContain('It stays down (--no-restart)');
    await service.start();
    expect(await service.isReady()).toBe(true);
  });

  it('is not started again after a stop that comes during the pause', async () => {
    const service = await supervise(SERVER);
    await service.start();
    await service.kill('SIGKILL');
    await until(() => notices.length > 0);
    await service.stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(service.pid).toBeUndefined();
    expect(notices).toHaveLength(1);
  });

  it('that refuses its configuration fails the start with its own words', async () => {
    const service = await supervise(`console.error('ORDERS_PORT expected a port'); process.exit(78);`);
    const start = service.start();
    await expect(start).rejects.toThrow(SetUpError);
    await expect(start).rejects.toThrow('ORDERS_PORT expected a port');
  });

  it('that ends instead of starting fails the start with its last words', async () => {
    const service = await supervise(`console.error('boom'); process.exit(3);`);
    const start = service.start();
    await expect(start).rejects.toThrow(ServerStartError);
    await expect(start).rejects.toThrow(/exit code 3 instead of starting.*boom/s);
    expect(notices).toEqual([]);
  });

  it('asks for what is laid over its environment at each start, and keeps nothing of the last answer', async () => {
    const asked: (string | undefined)[] = [];
    const service = await supervise(`console.log('env', process.env.FIRST, process.env.SECOND, process.env.PORT);${SERVER}`, {
      envOf: async (env) => {
        asked.push(env['FIRST']);
        env['SECOND'] = 'not from here';
        return asked.length === 1 ? { FIRST: '1' } : { SECOND: String(asked.length) };
      },
    });
    const port = new URL(service.slot.url).port;
    await service.start();
    await service.kill('SIGKILL');
    await until(() => notices.some((notice) => notice.includes('is ready again')), { what: 'the restart' });
    await service.stop();
    await service.start();
    const told = () => lines.filter((line) => line.startsWith('env '));
    await until(() => told().length === 3);
    expect(told()).toEqual([
      `env 1 undefined ${port}`,
      `env undefined 2 ${port}`,
      `env undefined 3 ${port}`,
    ]);
    expect(asked).toEqual([undefined, undefined, undefined]);
  });

  it('is not started when that question fails, and says why', async () => {
    let isBroken = true;
    const service = await supervise(SERVER, {
      envOf: () => {
        if (isBroken) {
          throw new Error('no address yet');
        }
        return {};
      },
    });
    await expect(service.start()).rejects.toThrow('no address yet');
    expect(service.pid).toBeUndefined();
    isBroken = false;
    await service.start();
    isBroken = true;
    await service.kill('SIGKILL');
    await until(() => notices.includes('orders stays down: no address yet'));
  });

  it('is not started when it is stopped while that question is open', async () => {
    let answer: (env: Record<string, string>) => void = () => undefined;
    const service = await supervise(SERVER, { envOf: () => new Promise((resolve) => (answer = resolve)) });
    const start = service.start();
    await expect(service.start()).rejects.toThrow('runs already');
    await service.stop();
    answer({});
    await expect(start).rejects.toThrow('orders was stopped while it was being started');
    expect(service.pid).toBeUndefined();
  });

  it('runs what is named at each start', async () => {
    let version = 'before';
    const service = await supervise('', { argsOf: () => ['-e', `console.log('this is the version ${version}');${SERVER}`] });
    await service.start();
    await service.stop();
    version = 'after';
    await service.start();
    await until(() => lines.includes('this is the version after'));
    expect(lines[0]).toBe('this is the version before');
  });

  it('makes room for the process of npm run dev, and takes its place back', async () => {
    const service = await supervise(SERVER);
    await service.start();
    await service.giveWayTo({ servicePid: 0 });
    expect(await service.isReady()).toBe(false);
    expect(service.pid).toBeUndefined();
    await service.giveWayTo({ servicePid: process.pid });
    expect(service.pid).toBe(process.pid);
    await service.giveWayTo(undefined);
    expect(await service.isReady()).toBe(true);
    expect(service.pid).not.toBe(process.pid);
  });
});

async function supervise(
  source: string,
  { restart = true, envOf, argsOf }: Partial<Pick<SupervisedServiceOptions, 'restart' | 'envOf' | 'argsOf'>> = {},
): Promise<SupervisedService> {
  const port = await freePort();
  const service = new SupervisedService({
    slot: { name: 'orders', instance: 1, port, url: `http://127.0.0.1:${port}` },
    roll,
    restart,
    stopGraceMs: 5_000,
    notice: (text) => notices.push(text),
    onLine: (line) => lines.push(line),
    envOf,
    argsOf,
    onChange: () => undefined,
    program: {
      name: 'orders',
      command: process.execPath,
      args: ['-e', source],
      cwd: home,
      env: { ...process.env, PORT: String(port) },
      log: new LogFile(join(home, 'logs', 'orders.log')),
      stopSignal: 'SIGTERM',
    },
  });
  services.push(service);
  return service;
}
