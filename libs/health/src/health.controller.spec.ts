import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Health } from './health.js';
import { HealthModule } from './health.module.js';

const log = { info: () => undefined, warn: () => undefined };
const health = new Health({ log });
let app: NestFastifyApplication;

beforeAll(async () => {
  const built = await Test.createTestingModule({ imports: [HealthModule.for(health)] }).compile();
  app = built.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(() => app.close());

it('answers three probes, and forbids to keep the answers', async () => {
  health.register({ name: 'database', kind: 'hard', check: () => Promise.resolve() });
  health.started();
  await Promise.resolve();
  const answers = [];
  for (const probe of ['live', 'ready', 'startup']) {
    const { statusCode, headers, body } = await app.inject(`/health/${probe}`);
    answers.push([probe, statusCode, headers['cache-control'], (JSON.parse(body) as { status: string }).status]);
  }
  expect(answers).toEqual([
    ['live', 200, 'no-store', 'live'],
    ['ready', 200, 'no-store', 'ready'],
    ['startup', 200, 'no-store', 'started'],
  ]);
});

it('answers 503 with what is missing', async () => {
  health.register({ name: 'other', kind: 'hard', check: () => Promise.reject(new Error('away')) });
  await Promise.resolve();
  const { statusCode, body } = await app.inject('/health/ready');
  expect(statusCode).toBe(503);
  expect(JSON.parse(body)).toMatchObject({ status: 'not ready', missing: ['other'] });
});
