import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProbeTimes {
  readonly count: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const TIMEOUT_MS = 5_000;

/** Asks so many times a second, whether or not the last answer has come, and tells how long the answers took. */
export async function askOften(url: string, { perSecond, ms }: { readonly perSecond: number; readonly ms: number }): Promise<ProbeTimes> {
  const agent = new Agent({ keepAlive: true });
  const asked: Promise<number | undefined>[] = [];
  const end = performance.now() + ms;
  for (let next = performance.now(); next < end; next += 1_000 / perSecond) {
    await sleep(Math.max(0, next - performance.now()));
    asked.push(ask(url, agent));
  }
  const times = (await Promise.all(asked)).filter((took) => took !== undefined).sort((one, other) => one - other);
  agent.destroy();
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { count: asked.length, failed: asked.length - times.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** Milliseconds until the whole answer was there; undefined where it was no 2xx. */
function ask(url: string, agent: Agent): Promise<number | undefined> {
  const from = performance.now();
  return new Promise((resolve) => {
    const asking = get(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200 ? performance.now() - from : undefined));
    });
    asking.once('error', () => resolve(undefined));
    asking.setTimeout(TIMEOUT_MS, () => asking.destroy(new Error('no answer')));
  });
}

export function timesText({ count, failed, p50Ms, p99Ms, maxMs }: ProbeTimes): string {
  return `${count} probes, ${failed} failed, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(1)} ms`;
}
