import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

// Exit codes and signals belong to a process, so each case is one that runs the built lib.

const lib = join(import.meta.dirname, '..');
const children: ChildProcess[] = [];

beforeAll(() => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  const build = spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' });
  expect(build.stdout).toBe('');
}, 60_000);

afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
  }
});

const SERVICE = `
  import '@waybill/tracing/register';
  import { httpConfig, shutdownConfig } from '@waybill/config';
  import { runService } from '@waybill/service-defaults';
  import { z } from 'zod';
  import { Module } from '@nestjs/common';
  class AppModule {}
  Module({})(AppModule);
  const config = z.object({ ...httpConfig('post', 3999), ...shutdownConfig });
  await runService({ name: 'post', config, module: AppModule });
`;

interface Process {
  readonly child: ChildProcess;
  /** Resolves when the service listens. */
  readonly listening: Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

function run(env: Record<string, string>, more = ''): Process {
  return runCode(SERVICE + more, env);
}

function runCode(code: string, env: Record<string, string>): Process {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: lib,
    env: { PATH: process.env['PATH'], ...env },
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const listening = new Promise<void>((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (stdout.includes('post listens')) {
        resolve();
      }
    });
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<Awaited<Process['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, listening, ended };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('runService', () => {
  it('ends with 78 and a readable list when settings are wrong, without a stack', async () => {
    const { code, stdout, stderr } = await run({ POST_PORT: 'abc', LOG_LEVEL: 'loud', SHUTDOWN_GRACE_MS: '5000' }).ended;
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'post cannot start. 3 settings are wrong:',
      '  POST_PORT          expected a whole number from 1 to 65535, got "abc". Set it, or leave it out (3999).',
      '  LOG_LEVEL          expected trace | debug | info | warn | error | fatal, got "loud". Set it, or leave it out (info).',
      expect.stringMatching(/^ {2}SHUTDOWN_GRACE_MS {2}is 5000, but /),
      'See docs/configuration.md for every setting, its default and its reason.',
    ]);
  }, 60_000);

  it('names the port that is taken, and what to do', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await run({ POST_PORT: String(port) }).ended;
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `post cannot start. Port ${port} is taken. End the process that listens there, or set another port (WAYBILL_PORT_OFFSET moves all).\n`,
    );
  }, 60_000);

  it('ends with 0 after SIGTERM, and its last words are written', async () => {
    const { child, listening, ended } = run({ POST_PORT: String(await freePort()) });
    await listening;
    child.kill('SIGTERM');
    const { code, signal, stdout, stderr } = await ended;
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'post listens',
      'stopping',
      'stopped',
    ]);
  }, 60_000);

  it('hears SIGTERM while it loads its code, with nothing to stop, and ends with 0', async () => {
    const early = `import '@waybill/service-defaults/early-signals'; process.kill(process.pid, 'SIGTERM'); setTimeout(() => undefined, 30_000);`;
    const { code, signal } = await runCode(early, {}).ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const owned = early.replace('process.kill', "process.on('SIGTERM', () => process.exit(7)); process.kill");
    expect((await runCode(owned, {}).ended).code).toBe(7);
  }, 60_000);

  it('does not end with 0 when a step waits for what never comes and nothing is open any more', async () => {
    const hanging = `
      import { GracefulShutdown } from '@waybill/graceful-shutdown';
      const log = { info() {}, warn() {}, error: (message, facts) => console.log(message, JSON.stringify(facts)) };
      const shutdown = new GracefulShutdown({ drainMs: 0, timeoutMs: 300, log });
      shutdown.on('intake', 'worker', () => new Promise(() => undefined));
      void shutdown.stop('spec');
    `;
    const { code, stdout } = await runCode(hanging, {}).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('"unfinishedSteps":["worker"]');
  }, 60_000);

  it('stops in order, and ends with 1, after an error that nobody caught', async () => {
    const crash = `setTimeout(() => { throw new Error('nobody catches this'); }, 50);`;
    const { code, stdout } = await run({ POST_PORT: String(await freePort()) }, crash).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('nobody catches this');
    expect(stdout).toMatch(/"exitCode":1,.*"msg":"stopped"\}\n$/);
  }, 60_000);
});
