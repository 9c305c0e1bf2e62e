import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Customer } from '../customer.js';
import { ComposeProject, hasImage, run } from './compose-project.js';
import { readTrace } from './jaeger-trace.js';

const services = ['orders', 'inventory', 'shipping', 'carrier'] as const;
const jobs = ['credentials', 'setup'];
const JAEGER_IMAGE = 'jaegertracing/jaeger:2.13.0';

const project = new ComposeProject();
let hasJaeger: boolean;
let customer: Customer;

beforeAll(async () => {
  hasJaeger = await hasImage(JAEGER_IMAGE);
  await up();
});

afterAll(() => project.remove());

async function up(): Promise<void> {
  await project.up(hasJaeger ? [] : services);
  const [orders, inventory, shipping, carrier] = services.map((service) => project.urlOf(service)) as [string, string, string, string];
  customer = new Customer({ orders, inventory, shipping, carrier });
}

async function shipOrder(sku: string): Promise<{ id: string; traceId: string }> {
  await customer.setStock(sku, 10);
  const response = await customer.place([{ sku, quantity: 2 }]);
  expect(response.status).toBe(201);
  const { id } = (await response.json()) as { id: string };
  expect(await customer.ended(id)).toMatchObject({ status: 'SHIPPED', trackingCode: expect.any(String) as string });
  await until(async () => (await customer.stock(sku)).onHand === 8);
  return { id, traceId: response.headers.get('traceresponse')?.split('-')[1] ?? '' };
}

describe('docker compose up --wait', () => {
  it('returns when every service is healthy, and every job has ended well', async () => {
    const containers = await project.containers();
    expect([...containers.keys()]).toEqual(expect.arrayContaining(['kafka', 'postgres', ...jobs, ...services]));
    for (const name of ['kafka', 'postgres', ...services]) {
      expect(containers.get(name)?.State, name).toMatchObject({ Status: 'running', Health: { Status: 'healthy' } });
    }
    for (const name of jobs) {
      expect(containers.get(name)?.State, name).toMatchObject({ Status: 'exited', ExitCode: 0 });
    }
  });

  it('ships an order', async () => {
    await shipOrder('COMPOSE-1');
  });

  it('shows Jaeger one whole trace of it', async ({ skip }) => {
    skip(!hasJaeger, `the image ${JAEGER_IMAGE} is not to be had`);
    const { traceId } = await shipOrder('COMPOSE-2');
    // Spans come in batches; the last ones tell of the stock that left.
    const trace = await until(
      async () => {
        const current = await readTrace(project.urlOf('jaeger'), traceId);
        return current?.services.length === services.length && current.orphans.length === 0 ? current : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 500, what: `the whole trace ${traceId}` },
    );
    expect(trace.services).toEqual([...services].sort());
    expect(trace.roots).toEqual(['orders: POST /orders']);
  });

  it('is a stack that npm run demo finds', async () => {
    const home = await mkdtemp(join(tmpdir(), 'waybill-demo-'));
    try {
      const told = await run('npm', ['run', 'demo'], { ...project.env, WAYBILL_HOME: home });
      expect(told).toContain('order.shipped');
      expect(told).toContain('SHIPPED  tracking code');
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});

describe('the containers', () => {
  it('of the services and jobs run as nobody special, on a root file system that cannot be written', async () => {
    const containers = await project.containers();
    for (const name of [...services, ...jobs]) {
      expect(containers.get(name), name).toMatchObject({
        Config: { User: 'node' },
        HostConfig: { ReadonlyRootfs: true, Init: true, CapDrop: ['ALL'] },
      });
    }
    for (const name of services) {
      expect(await project.compose('exec', '-T', name, 'id', '--user'), name).not.toBe('0\n');
      await expect(project.compose('exec', '-T', name, 'touch', '/waybill/x'), name).rejects.toThrow('Read-only file system');
    }
  });

  it('listen on this machine only', async () => {
    for (const [name, { HostConfig }] of await project.containers()) {
      const addresses = Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings.map(({ HostIp }) => HostIp));
      expect(addresses.filter((address) => address !== '127.0.0.1'), name).toEqual([]);
    }
  });

  it('have no password in their environment, and each service sees its own only', async () => {
    const containers = await project.containers();
    for (const [name, { Config }] of containers) {
      expect(Config.Env.filter((each) => /:\/\/[^/@]*:[^/@]+@|PASSWORD=/.test(each)), name).toEqual([]);
    }
    for (const name of ['orders', 'inventory', 'shipping']) {
      const volumes = containers.get(name)?.Mounts.map(({ Name }) => Name);
      expect(volumes, name).toEqual([`${project.name}_${name}-credentials`]);
      const url = await project.compose('exec', '-T', name, 'sh', '-c', 'cat /run/credentials/*');
      expect(new URL(url), name).toMatchObject({ protocol: 'postgres:', username: `${name}_a`, pathname: `/${name}` });
    }
  });

  it('keep their data in volumes of the project, so that nothing nameless stays behind', async () => {
    for (const [name, { Mounts }] of await project.containers()) {
      const foreign = Mounts.filter((mount) => mount.Type === 'volume' && !mount.Name?.startsWith(`${project.name}_`));
      expect(foreign, name).toEqual([]);
    }
  });

  it('of a service that was killed come back', async () => {
    const { id } = await shipOrder('COMPOSE-3');
    // Killed from inside: what `docker kill` ends counts as wanted, and stays ended.
    await project.compose('exec', '-T', 'orders', 'sh', '-c', 'kill -9 $(pidof node)').catch(() => undefined);
    await until(async () => ((await project.containers()).get('orders')?.RestartCount ?? 0) > 0, { timeoutMs: 60_000 });
    const order = await until(() => customer.order(id), { timeoutMs: 120_000, intervalMs: 200, what: 'orders to be back' });
    expect(order.status).toBe('SHIPPED');
  });
});

describe('docker compose stop, up, down', () => {
  it('ends every service with exit code 0, finds the data again, and leaves nothing', async () => {
    const { id } = await shipOrder('COMPOSE-4');
    await project.stop();
    const stopped = await project.containers();
    for (const name of services) {
      expect(stopped.get(name)?.State, name).toMatchObject({ Status: 'exited', ExitCode: 0 });
    }

    await up();
    expect((await customer.order(id)).status).toBe('SHIPPED');
    await shipOrder('COMPOSE-5');

    await project.remove();
    expect(await project.remains()).toEqual([]);
  });
});
