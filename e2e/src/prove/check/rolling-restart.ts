import type { FaultSpan } from '../record.js';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import type { Verdict } from './verdict.js';

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * I13. A request that arrived while the services were restarted one after another, and while no other fault had its hand
 * in, has an answer: no 5xx, no reset, no time-out. (That its key gets the same answer again is I12.)
 *
 * A connection that was refused is no arrival: nobody listened, and whoever sends requests to an instance that is away is
 * told so before it has sent anything. Another fault has its hand in from its start until the backlog that it left was
 * gone; where the next fault came first, until that was so after one of the later ones. The carrier never has: no request
 * waits for it.
 */
export function checkRollingRestart({ record }: RecordIndex): Verdict {
  const findings = new Findings('I13', 'a rolling restart fails no request');
  const rolling = record.faults.filter(({ kind }) => kind === 'rolling');
  const others = troubles(record.faults);
  let leftOut = 0;
  let refused = 0;
  for (const { startMs, endMs, result, status, error, orderId, instance, kind } of rolling.length === 0 ? [] : record.requests) {
    if (!rolling.some((span) => startMs >= span.startMs && startMs <= span.endMs)) {
      continue;
    }
    if (others.some((span) => startMs <= span.endMs && endMs >= span.startMs)) {
      leftOut += 1;
      continue;
    }
    if (error === 'ECONNREFUSED') {
      refused += 1;
      continue;
    }
    findings.look();
    if (result === 'unknown' || (status !== null && status >= 500)) {
      findings.violate(orderId, `${kind} sent to ${instance} at ${Math.round(startMs)} ms in a rolling restart got ${status ?? error ?? 'no answer'}`);
    }
  }
  if (rolling.length === 0) {
    findings.remark('nothing was restarted in turn');
  }
  if (refused > 0) {
    findings.remark(`${refused} requests did not arrive: their connection was refused`);
  }
  if (leftOut > 0) {
    findings.remark(`${leftOut} requests left out, because another fault had its hand in`);
  }
  return findings.verdict();
}

function troubles(faults: readonly FaultSpan[]): Span[] {
  const inOrder = [...faults].sort((one, other) => one.endMs - other.endMs);
  return inOrder.flatMap((fault, at) => {
    if (fault.kind === 'rolling' || fault.kind === 'carrier') {
      return [];
    }
    const calm = inOrder.slice(at).find(({ recoveredMs }) => recoveredMs !== null);
    return [{ startMs: fault.startMs, endMs: calm === undefined ? Infinity : calm.endMs + (calm.recoveredMs ?? 0) }];
  });
}
