import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.js';
import { checkPorts, freePortOffset } from './port-check.js';
import { defaultPorts, slotsOf } from './services.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

describe('the ports of a stack', () => {
  it('are checked before anything starts, and every taken one is named with its service', async () => {
    const [orders, shipping] = [await taken(), await taken()];
    const ports = { ...defaultPorts, orders, shipping, inventory: await freePort(), carrier: await freePort() };
    const check = checkPorts(slotsOf(ports, 0, 1));
    await expect(check).rejects.toThrow(`port ${orders}, where orders should listen`);
    await expect(check).rejects.toThrow(`port ${shipping}, where shipping should listen`);
    await expect(check).rejects.toThrow(/WAYBILL_PORT_OFFSET.*ORDERS_PORT, SHIPPING_PORT/s);
    await expect(check).rejects.not.toThrow('inventory');
  });

  it('are 100 higher for the next instance; there is one carrier', () => {
    const slots = slotsOf(defaultPorts, 1_000, 2).map(({ name, instance, port }) => [name, instance, port]);
    expect(slots).toContainEqual(['orders', 2, 4101]);
    expect(slots).toContainEqual(['shipping', 2, 4103]);
    expect(slots.filter(([name]) => name === 'carrier')).toEqual([['carrier', 1, 4004]]);
  });

  it('are all free at the offset that tests get', async () => {
    const offset = await freePortOffset((candidate) => slotsOf(defaultPorts, candidate, 2));
    await checkPorts(slotsOf(defaultPorts, offset, 2));
  });
});

async function taken(): Promise<number> {
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    const server = createServer().once('error', reject);
    servers.push(server);
    server.listen(port, '127.0.0.1', resolve);
  });
  return port;
}
