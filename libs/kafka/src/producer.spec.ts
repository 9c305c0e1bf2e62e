import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KafkaDriver } from './kafka-driver.js';
import { EventProducer } from './producer.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('a send that the broker leaves open is not over before the driver has ended it', async () => {
  let end: (error: Error) => void = () => undefined;
  const send = vi.fn(
    () =>
      new Promise<void>((_, reject) => {
        end = reject;
      }),
  );
  const none = () => {
    throw new Error('not asked for here');
  };
  const driver: KafkaDriver = { producer: () => ({ send, close: () => Promise.resolve() }), member: none, admin: none };
  const settled = vi.fn();
  const publishing = new EventProducer(() => Promise.resolve(driver)).publish([
    { topic: 'waybill.orders', key: 'k', value: 'v', headers: {} },
  ]);
  publishing.then(settled, settled);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(send).toHaveBeenCalledOnce();
  // Whoever published would send the same records again now, beside the send that still goes on.
  expect(settled).not.toHaveBeenCalled();
  end(new Error('the request timed out'));
  await expect(publishing).rejects.toThrow('the request timed out');
});
