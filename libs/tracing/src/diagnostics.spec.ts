import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { diagnostics, onTracingTrouble } from './diagnostics.js';

const told = vi.fn();

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now() + 3_600_000 });
  onTracingTrouble(told);
});
afterEach(() => {
  vi.useRealTimers();
  told.mockReset();
});

it('tells of a collector that is away once a minute, with how often it was', () => {
  for (let batch = 0; batch < 3; batch++) {
    diagnostics.error(JSON.stringify({ stack: 'Error: connect\n    at a', message: 'connect ECONNREFUSED' }));
  }
  expect(told.mock.calls).toEqual([['tracing: connect ECONNREFUSED']]);
  vi.advanceTimersByTime(60_000);
  diagnostics.warn('Dropped 7 spans', new Error('queue full'));
  expect(told).toHaveBeenLastCalledWith('tracing: Dropped 7 spans queue full (and 2 more in the last minute)');
});

it("keeps the SDK's chatter to itself", () => {
  diagnostics.info('started');
  diagnostics.debug('items to be sent');
  diagnostics.verbose('x');
  expect(told).not.toHaveBeenCalled();
});
