import { setTimeout as sleep } from 'node:timers/promises';

/** Preloaded into a service by the tests of the startup probe: it starts so many milliseconds late. */
await sleep(Number(process.env['PROVE_SLOW_START_MS'] ?? 0));

export {};
