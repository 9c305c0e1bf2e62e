import { describe, expect, it } from 'vitest';
import { composeStack } from './compose-stack.js';

const container = (service: string, target: number, published: number) => ({
  Service: service,
  Publishers: [{ URL: '127.0.0.1', TargetPort: target, PublishedPort: published, Protocol: 'tcp' }],
});
const programs = [
  container('orders', 3001, 24_001),
  container('inventory', 3002, 24_002),
  container('shipping', 3003, 24_003),
  container('carrier', 3004, 24_004),
];
const kafka = container('kafka', 9092, 24_092);
const jaeger = { ...container('jaeger', 16_686, 24_686) };
const postgres = { Service: 'postgres', Publishers: [{ URL: '', TargetPort: 5432, PublishedPort: 0, Protocol: 'tcp' }] };
const lines = (containers: readonly object[]) => containers.map((each) => JSON.stringify(each)).join('\n');

describe('composeStack', () => {
  it('finds the ports on this machine', () => {
    expect(composeStack(lines([...programs, kafka, jaeger, postgres]))).toEqual({
      services: [
        { name: 'carrier', instance: 1, url: 'http://127.0.0.1:24004' },
        { name: 'orders', instance: 1, url: 'http://127.0.0.1:24001' },
        { name: 'inventory', instance: 1, url: 'http://127.0.0.1:24002' },
        { name: 'shipping', instance: 1, url: 'http://127.0.0.1:24003' },
      ],
      kafka: { brokers: '127.0.0.1:24092' },
      jaeger: 'http://127.0.0.1:24686',
    });
  });

  it('does without Jaeger', () => {
    expect(composeStack(lines([...programs, kafka]))?.jaeger).toBeNull();
  });

  it('reads the array of older versions, and past warnings', () => {
    expect(composeStack(`time=now level=warning msg=x\n${JSON.stringify([...programs, kafka])}`)?.services).toHaveLength(4);
  });

  it.each([
    ['nothing runs', []],
    ['a service is missing', [...programs.slice(1), kafka]],
    ['Kafka is missing', programs],
    ['a port is not published', [...programs, container('kafka', 9092, 0)]],
    ['a container has no ports', [...programs, { Service: 'kafka', Publishers: null }]],
  ])('is undefined while %s', (_, containers) => {
    expect(composeStack(lines(containers))).toBeUndefined();
  });
});
