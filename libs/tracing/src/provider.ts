import { setTimeout as sleep } from 'node:timers/promises';
import { reportTrouble } from './diagnostics.js';

/** The part of the SDK's provider that stopping needs. */
export interface Flushable {
  forceFlush(): Promise<void>;
}

let provider: Flushable | undefined;

/** @internal */
export function setProvider(started: Flushable): void {
  provider = started;
}

const FLUSH_TIMEOUT_MS = 2_000;

/** Sends the spans that still wait. Gives up after `timeoutMs`, and never fails: a process that stops has no use for it. */
export async function flushTracing(timeoutMs: number = FLUSH_TIMEOUT_MS): Promise<void> {
  if (provider === undefined) {
    return;
  }
  const flushed = provider.forceFlush().catch(reportTrouble);
  await Promise.race([flushed, sleep(timeoutMs, undefined, { ref: false })]);
}
