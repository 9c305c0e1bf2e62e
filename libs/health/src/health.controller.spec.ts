import { expect, it, vi } from 'vitest';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

const log = { info: () => undefined, warn: () => undefined };

it('answers three probes, each with the status that a prober understands', async () => {
  const health = new Health({ log });
  const controller = new HealthController(health);
  const response = { status: vi.fn() };
  health.register({ name: 'database', kind: 'hard', check: () => Promise.reject(new Error('away')) });
  await Promise.resolve();
  expect(controller.live(response)).toEqual({ status: 'live' });
  expect(controller.startup(response)).toEqual({ status: 'starting' });
  expect(controller.ready(response)).toMatchObject({ status: 'not ready', missing: ['database'] });
  health.started();
  expect(controller.startup(response)).toEqual({ status: 'started' });
  expect(response.status.mock.calls).toEqual([[200], [503], [503], [200]]);
});
