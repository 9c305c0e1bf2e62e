import { trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect, it } from 'vitest';
import { isTracing } from './trace-context.js';

it('knows whether anybody collects spans', async () => {
  expect(isTracing()).toBe(false);
  const provider = new NodeTracerProvider();
  provider.register();
  expect(isTracing()).toBe(true);
  await provider.shutdown();
  trace.disable();
});
