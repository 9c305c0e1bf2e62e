import type { DiagLogger } from '@opentelemetry/api';

type Listener = (message: string) => void;

/** A collector that is away fails every batch; one line a minute tells that, and how many were kept back. */
const QUIET_MS = 60_000;

let listener: Listener = (message) => process.stderr.write(`${message}\n`);
let quietUntil = 0;
let suppressed = 0;

/** Where troubles of the exporter are reported: standard error unless a service gives its logger. */
export function onTracingTrouble(report: Listener): void {
  listener = report;
}

function report(...parts: readonly unknown[]): void {
  const now = Date.now();
  if (now < quietUntil) {
    suppressed += 1;
    return;
  }
  const more = suppressed === 0 ? '' : ` (and ${suppressed} more in the last minute)`;
  quietUntil = now + QUIET_MS;
  suppressed = 0;
  listener(`tracing: ${parts.map(text).join(' ')}${more}`);
}

function text(part: unknown): string {
  return part instanceof Error ? part.message : typeof part === 'string' ? firstLine(part) : '';
}

/** The SDK reports an error as JSON with its stack. */
function firstLine(part: string): string {
  try {
    const parsed = JSON.parse(part) as { message?: unknown };
    return typeof parsed.message === 'string' ? parsed.message : part.slice(0, 300);
  } catch {
    return part.slice(0, 300);
  }
}

const ignore = (): void => undefined;

export const diagnostics: DiagLogger = { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore };
