import { expect, it } from 'vitest';
import { FreeTime } from './free-time.js';

it('goes on while the event loop turns, and stands still while nothing can run', () => {
  let at = 0;
  const time = new FreeTime(250, () => at);
  for (let tick = 0; tick < 4; tick++) {
    at += 250;
    time.tick();
  }
  expect(time.read()).toBe(1_000);
  // SIGSTOP for a minute, or a handler that computes for as long.
  at += 60_000;
  expect(time.read()).toBe(1_500);
  time.tick();
  at += 100;
  expect(time.read()).toBe(1_600);
});
