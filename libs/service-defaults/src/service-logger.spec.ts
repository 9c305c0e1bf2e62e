import { describe, expect, it } from 'vitest';
import { createServiceLogger, describeError, NestLog, plainLog } from './service-logger.js';

function setUp(level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createServiceLogger({ service: 'orders', instance: 2, level, destination }) };
}

describe('a line of the log', () => {
  it('is JSON with level, time, service, instance and message', () => {
    const { lines, log } = setUp();
    plainLog(log).info('order placed', { orderId: 'o1' });
    expect(lines).toEqual([
      { level: 30, time: expect.any(Number), service: 'orders', instance: 2, orderId: 'o1', msg: 'order placed' },
    ]);
  });

  it('never holds a password, a token or a cookie, down to the third level', () => {
    const { lines, log } = setUp();
    log.info({ password: 'hush', headers: { authorization: 'hush', 'set-cookie': 'hush' }, a: { b: { token: 'hush' } } });
    expect(JSON.stringify(lines)).not.toContain('hush');
  });

  it('tells an error with its cause and code, and nothing else of it: TypeORM puts parameters there', () => {
    const driverError = Object.assign(new Error('deadlock detected'), { code: '40P01', detail: 'hush' });
    const error = Object.assign(new Error('query failed', { cause: driverError }), { parameters: ['hush'], query: 'hush' });
    const described = describeError(error);
    expect(described).toMatchObject({ type: 'Error', message: 'query failed', cause: { code: '40P01', message: 'deadlock detected' } });
    const { lines, log } = setUp();
    log.error({ err: error }, 'failed');
    expect(JSON.stringify([described, lines])).not.toContain('hush');
    expect(lines[0]).toMatchObject({ err: { type: 'Error', stack: expect.any(String) } });
  });

  it('survives what is no error, and causes without an end', () => {
    expect(describeError('text')).toEqual({ type: 'string', message: 'text' });
    const circular = new Error('circular');
    circular.cause = circular;
    expect(JSON.stringify(describeError(circular)).length).toBeLessThan(20_000);
  });
});

describe('what Nest logs', () => {
  it('keeps the set-up of modules and routes for debugging', () => {
    const { lines, log } = setUp('info');
    const nest = new NestLog(log);
    nest.log('Mapped {/orders, POST} route', 'RouterExplorer');
    nest.log('order placed', 'PlaceOrder');
    expect(lines).toMatchObject([{ level: 30, msg: 'order placed', context: 'PlaceOrder' }]);
  });

  it('comes with its level and its error', () => {
    const { lines, log } = setUp('trace');
    const nest = new NestLog(log);
    nest.verbose('v');
    nest.debug('d');
    nest.warn('w');
    nest.error('it failed', new TypeError('why'), 'Somewhere');
    nest.fatal(new Error('the end'));
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [10, 'v'],
      [20, 'd'],
      [40, 'w'],
      [50, 'it failed'],
      [60, 'the end'],
    ]);
    expect(lines[3]).toMatchObject({ context: 'Somewhere', err: { type: 'TypeError', message: 'why' } });
  });
});
