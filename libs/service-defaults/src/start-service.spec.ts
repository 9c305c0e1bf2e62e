import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { Module } from '@nestjs/common';
import { httpConfig, shutdownConfig } from '@waybill/config';
import { GracefulShutdown } from '@waybill/graceful-shutdown';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startService } from './start-service.js';

const config = z.object({ ...httpConfig('post', 3999), ...shutdownConfig });

/** A service whose start meets `event` when half of it is built. */
function startMeeting(event: (signals: EventEmitter) => void, env: Record<string, string> = {}) {
  const signals = new EventEmitter();
  const exit = vi.fn();
  const taken: string[] = [];
  let lines = '';
  class AppModule {}
  Module({
    providers: [
      {
        provide: 'HALF',
        inject: [GracefulShutdown],
        useFactory: async (shutdown: GracefulShutdown) => {
          event(signals);
          await new Promise((resolve) => setImmediate(resolve));
          // As the engine of a service does, while Nest goes on building.
          shutdown.on('intake', 'consumer', () => void taken.push('consumer stopped'));
          shutdown.on('database', 'pool', () => void taken.push('pool closed'));
        },
      },
    ],
  })(AppModule);
  const logTo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines += chunk.toString();
      done();
    },
  });
  const started = startService({ name: 'post', config, module: AppModule }, { env, port: 0, exit, logTo, signals });
  return { started, exit, taken, words: () => lines };
}

describe('a service that is told to stop while it starts', () => {
  it.each(['0', '300'])('stops what it has started, never listens, and exits with 0 (drain %s ms)', async (drainMs) => {
    const { started, exit, taken, words } = startMeeting((signals) => signals.emit('SIGTERM'), { SHUTDOWN_DRAIN_MS: drainMs });
    await expect(started).rejects.toThrow('stopped before it listened');
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
    expect(words()).not.toContain('post listens');
    expect(taken).toEqual(['consumer stopped', 'pool closed']);
  });

  it('exits with 1 after an error that nobody caught', async () => {
    const { started, exit } = startMeeting((signals) => signals.emit('uncaughtException', new Error('bug')));
    await expect(started).rejects.toThrow();
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('is told what is wrong with its start where nobody stops it', async () => {
    const { started, exit } = startMeeting(() => {
      throw new Error('no parcels today');
    });
    await expect(started).rejects.toThrow('no parcels today');
    expect(exit).not.toHaveBeenCalled();
  });
});
