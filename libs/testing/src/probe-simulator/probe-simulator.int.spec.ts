import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../until.js';
import { freeLocalPort } from './free-local-port.js';
import { httpProbe } from './http-probe.js';
import type { Probes } from './probe-settings.js';
import { ProbeSimulator } from './probe-simulator.js';
import { ProcessContainer } from './process-container.js';

/** A program that says what it is told to by `POST /say?live=503`, and can be blocked. */
const PROGRAM = `
const answers = { startup: 200, live: 200, ready: 200 };
process.on('SIGTERM', () => { if (!process.env.STUBBORN) process.exit(0); });
setTimeout(() => require('node:http').createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  for (const [name, status] of url.searchParams) answers[name] = Number(status);
  if (url.pathname === '/block') { response.end(); const end = Date.now() + 60_000; while (Date.now() < end); }
  response.statusCode = answers[url.pathname.replace('/health/', '')] ?? 200;
  response.end();
}).listen(Number(process.env.PORT), '127.0.0.1'), Number(process.env.SLOW ?? 0));
`;

const probes: Probes = {
  startup: { periodSeconds: 0.1, failureThreshold: 100, timeoutSeconds: 0.3 },
  liveness: { periodSeconds: 0.3, timeoutSeconds: 0.2, terminationGracePeriodSeconds: 0.5 },
  readiness: { periodSeconds: 0.1, failureThreshold: 2, timeoutSeconds: 0.3 },
};

let simulator: ProbeSimulator | undefined;
let url = '';

async function run(env: NodeJS.ProcessEnv = {}): Promise<ProcessContainer> {
  const port = await freeLocalPort();
  url = `http://127.0.0.1:${port}`;
  const container = new ProcessContainer({ command: process.execPath, args: ['-e', PROGRAM], env: { PORT: String(port), ...env } });
  simulator = new ProbeSimulator({ container, probes, ask: httpProbe(url), terminationGracePeriodSeconds: 1 });
  simulator.start();
  return container;
}

afterEach(async () => {
  await simulator?.stop();
});

describe('a real process', () => {
  it('is started, found ready, taken out and let in again, and not restarted for it', async () => {
    await run();
    await until(() => simulator?.ready);
    await fetch(`${url}/say?ready=503`);
    await until(() => simulator?.ready === false);
    await fetch(`${url}/say?ready=200`);
    await until(() => simulator?.ready);
    expect(simulator?.restarts).toBe(0);
  });

  it('that says it is not live is ended in order and started again', async () => {
    const container = await run();
    await until(() => simulator?.ready);
    const before = container.pid;
    await fetch(`${url}/say?live=503`);
    await until(() => simulator?.restarts === 1 && simulator.ready);
    expect(container.pid).not.toBe(before);
    expect(simulator?.events.map(({ kind }) => kind)).not.toContain('killed');
  });

  it('that is blocked, and so deaf to SIGTERM, is killed and started again', async () => {
    await run();
    await until(() => simulator?.ready);
    void fetch(`${url}/block`).catch(() => undefined);
    await until(() => simulator?.restarts === 1 && simulator.ready);
    expect(simulator?.events.filter(({ kind }) => kind === 'doomed' || kind === 'killed' || kind === 'ended').slice(0, 3)).toMatchObject([
      { kind: 'doomed', detail: 'liveness' },
      { kind: 'killed' },
      { kind: 'ended', detail: 'SIGKILL' },
    ]);
  });

  it('that starts slowly is left alone by the others until it has started', async () => {
    await run({ SLOW: '2500' });
    await until(() => simulator?.ready);
    expect(simulator?.restarts).toBe(0);
    expect(simulator?.events.filter(({ detail }) => detail === 'liveness')).toEqual([]);
  });
});
