import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leftOutStep, leftOutSteps } from './steps.js';

const e2e = join(import.meta.dirname, '../../..');

// A process runs what was built.
beforeAll(() => {
  const tsc = join(e2e, '../node_modules/@typescript/native/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-b', e2e], { encoding: 'utf8' }).stdout).toBe('');
}, 120_000);

/** A process with the stop of a service, in which one step is left out; answers the steps that it took. */
function stepsWithout(name: string | undefined): { steps: string[]; code: number | null; errors: string } {
  const script = `
    import { GracefulShutdown, phases } from '@waybill/graceful-shutdown';
    import { leftOutStep } from ${JSON.stringify(join(e2e, 'dist/prove/rolling/steps.js'))};
    ${name === undefined ? '' : `leftOutStep('${name}').install();`}
    const log = { info() {}, warn() {}, error() {} };
    const shutdown = new GracefulShutdown({ drainMs: 500, timeoutMs: 2_000, log });
    const say = (what) => () => console.log(what);
    for (const [phase, step] of [['readiness', 'health'], ['intake', 'consumer'], ['intake', 'http'], ['servers', 'http'], ['database', 'pool']]) {
      shutdown.on(phase, step, say(phase + ' ' + step));
    }
    shutdown.on('drain', 'seen', say('stopping ' + shutdown.isStopping));
    shutdown.on('intake', 'clock', () => console.log('drained ' + (performance.now() - stoppedAt >= 499), shutdown.isStopping));
    const ended = shutdown.work.begin('POST /orders');
    shutdown.on('intake', 'request', () => void setTimeout(() => { console.log('answered'); ended(); }, 20));
    shutdown.listenTo(process);
    const stoppedAt = performance.now();
    setTimeout(() => {}, 5_000);
    process.kill(process.pid, 'SIGTERM');
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', cwd: e2e });
  return { steps: child.stdout.trim().split('\n'), code: child.status, errors: child.stderr };
}

describe('a stop with a step left out', () => {
  it('is that of the product, but for the step', () => {
    const whole = stepsWithout(undefined);
    expect(whole).toMatchObject({ code: 0, errors: '' });
    expect(whole.steps).toEqual([
      'readiness health',
      'stopping false',
      'intake consumer',
      'intake http',
      'drained true true',
      'answered',
      'servers http',
      'database pool',
    ]);
    expect(stepsWithout('readiness').steps).toEqual(whole.steps.filter((step) => step !== 'readiness health'));
    expect(stepsWithout('group').steps).toEqual(whole.steps.filter((step) => step !== 'intake consumer'));
    expect(stepsWithout('drain').steps).toContain('drained false true');
    expect(stepsWithout('connection-close').steps).toContain('drained true false');
    expect(stepsWithout('in-flight').steps).not.toContain('answered');
    const pool = stepsWithout('database-last').steps;
    expect(pool.indexOf('database pool')).toBeLessThan(pool.indexOf('answered'));
    expect(stepsWithout('all')).toMatchObject({ steps: [''], code: 0 });
  }, 60_000);

  it('names what can be left out', () => {
    expect(() => leftOutStep('tea')).toThrow('expected one of readiness, drain');
    expect(leftOutSteps.map(({ name }) => name)).toContain('all');
  });
});
