import { NotFoundException, UnauthorizedException } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { DetailDoor } from './detail-door.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

const log = { info: () => undefined, warn: () => undefined };

it('answers three probes, each with the status that a prober understands', async () => {
  const health = new Health({ log });
  const controller = new HealthController(health, new DetailDoor(undefined));
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

it('shows the detail to whoever has the token, says no to others, and denies that it is there where nobody may see it', () => {
  const health = new Health({ log });
  const response = { status: vi.fn(), header: vi.fn() };
  const closed = new HealthController(health, new DetailDoor(undefined));
  expect(() => closed.detail('Bearer x', response)).toThrow(NotFoundException);
  const controller = new HealthController(health, new DetailDoor('sesame'));
  expect(() => controller.detail(undefined, response)).toThrow(UnauthorizedException);
  expect(response.header).toHaveBeenCalledWith('www-authenticate', expect.stringMatching(/^Bearer/));
  expect(controller.detail('Bearer sesame', response)).toMatchObject({ live: { status: 'live' } });
});
