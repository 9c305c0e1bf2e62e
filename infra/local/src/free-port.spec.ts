import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, isFree } from './free-port.js';

const servers: { close(): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

describe('a free port', () => {
  it('is one that nobody listens on', async () => {
    const port = await freePort();
    expect(await isFree(port)).toBe(true);
    await listenOn(port);
    expect(await isFree(port)).toBe(false);
  });

  it('lies below those that the system gives to outgoing connections', async () => {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await freePort()).toBeLessThan(32_768);
    }
  });
});

function listenOn(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    servers.push(server);
    server.listen(port, '127.0.0.1', resolve);
  });
}
