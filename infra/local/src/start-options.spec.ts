import { describe, expect, it } from 'vitest';
import { readDevOptions } from './dev-options.js';
import { readStartOptions } from './start-options.js';

describe('the options of npm start', () => {
  it('are all off by default', () => {
    expect(readStartOptions([])).toEqual({
      fresh: false,
      detach: false,
      instances: 1,
      restart: true,
      portOffset: undefined,
      inBackground: false,
    });
  });

  it('are read', () => {
    const options = readStartOptions(['--fresh', '--instances', '2', '--no-restart', '--port-offset=100']);
    expect(options).toMatchObject({ fresh: true, instances: 2, restart: false, portOffset: '100' });
  });

  it.each([['--instances', '0'], ['--instances', '1.5'], ['--instances', 'many'], ['--fresch'], ['orders']])(
    'refuse %s %s',
    (...args) => {
      expect(() => readStartOptions(args)).toThrow(/--instances|--help/);
    },
  );
});

describe('the options of npm run dev', () => {
  it('are a service and perhaps the debugger', () => {
    expect(readDevOptions(['orders'])).toEqual({ name: 'orders', instance: 1, inspectPort: undefined });
    expect(readDevOptions(['orders', '--inspect', '--instance', '2'])).toEqual({
      name: 'orders',
      instance: 2,
      inspectPort: 9229,
    });
    expect(readDevOptions(['shipping', '--inspect=9300']).inspectPort).toBe(9300);
  });

  it.each([[[]], [['billing']], [['orders', 'shipping']], [['orders', '--inspect=x']], [['orders', '--wach']]])(
    'refuse %j',
    (args) => {
      expect(() => readDevOptions(args)).toThrow(/--help/);
    },
  );
});
