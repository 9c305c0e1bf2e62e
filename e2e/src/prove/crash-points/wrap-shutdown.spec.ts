import { expect, it, vi } from 'vitest';
import { wrapShutdown } from './wrap-shutdown.js';

it('leads every step of the stop through the traps, and hands its error on', async () => {
  const steps = new Map<string, () => void | Promise<void>>();
  class Shutdown {
    on(phase: string, name: string, step: () => void | Promise<void>): void {
      steps.set(`${phase} ${name}`, step);
    }
  }
  const operations: string[] = [];
  wrapShutdown(Shutdown.prototype, {
    through: ({ operation, make }) => {
      operations.push(operation);
      return make();
    },
  });
  const step = vi.fn();
  const shutdown = new Shutdown();
  shutdown.on('connections', 'kafka', step);
  shutdown.on('database', 'pool', () => {
    throw new Error('gone');
  });
  await steps.get('connections kafka')?.();
  expect(step).toHaveBeenCalledOnce();
  await expect(Promise.resolve(steps.get('database pool')?.())).rejects.toThrow('gone');
  expect(operations).toEqual(['connections, kafka', 'database, pool']);
});
