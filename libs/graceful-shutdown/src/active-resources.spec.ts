import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { activeResources } from './active-resources.js';

it('counts by kind', () => {
  expect(activeResources(['Timeout', 'TCPSocketWrap', 'Timeout'])).toEqual({ Timeout: 2, TCPSocketWrap: 1 });
});

it('sees what this process holds', async () => {
  const before = activeResources()['TCPServerWrap'] ?? 0;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  expect(activeResources()['TCPServerWrap']).toBe(before + 1);
  await new Promise((resolve) => server.close(resolve));
});
