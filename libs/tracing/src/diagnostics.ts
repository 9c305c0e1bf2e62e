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

/** @internal */
export function reportTrouble(...parts: readonly unknown[]): void {
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
  if (part instanceof AggregateError || Array.isArray(part)) {
    const parts: readonly unknown[] = Array.isArray(part) ? part : part.errors;
    return parts.map(text).join(', ');
  }
  if (part instanceof Error) {
    return part.message;
  }
  // Some parts are objects that repeat what the text has said.
  return typeof part === 'string' ? firstLine(part) : '';
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

export const diagnostics: DiagLogger = { error: reportTrouble, warn: reportTrouble, info: ignore, debug: ignore, verbose: ignore };
