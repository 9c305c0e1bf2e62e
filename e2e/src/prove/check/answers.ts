import type { ClientRequest } from '../record.js';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import type { Verdict } from './verdict.js';

/**
 * I12. An unknown result may have happened or not, and the same key tells which:
 *
 * - All answers that one key got name one order, in the same words; no two keys got the same order.
 * - There are no more orders without an answer than there are commands that could have placed one: keys, and requests
 *   without a key, that got no answer but an unknown one. (Else a key has placed two.)
 *
 * An unknown attempt is never counted as failed: that its order exists is right, and that it does not is right.
 */
export function checkAnswers({ record }: RecordIndex): Verdict {
  const findings = new Findings('I12', 'one key, one answer; unknown is not failed');
  const commands = commandsOf(record.requests);
  const wishOfOrder = new Map<string, string>();
  let unanswered = 0;
  for (const [name, attempts] of commands) {
    findings.look();
    const answered = attempts.filter(({ result }) => result === 'ok');
    const [first] = answered;
    if (first === undefined) {
      unanswered += attempts.some(({ result }) => result === 'unknown') ? 1 : 0;
      continue;
    }
    for (const attempt of answered) {
      if (attempt.orderId !== first.orderId) {
        findings.violate(attempt.orderId, `${name} was answered with order ${first.orderId}, and with order ${attempt.orderId}`);
      } else if (attempt.answerHash !== first.answerHash && attempt.answerHash !== null && first.answerHash !== null) {
        findings.violate(attempt.orderId, `${name} got two different answers about one order`);
      }
    }
    for (const orderId of new Set(answered.flatMap((attempt) => attempt.orderId ?? []))) {
      const other = wishOfOrder.get(orderId);
      if (other !== undefined) {
        findings.violate(orderId, `${other} and ${name} were answered with the same order`);
      }
      wishOfOrder.set(orderId, name);
    }
  }
  const unnamed = record.orders.filter(({ id }) => !wishOfOrder.has(id));
  for (const { id } of unnamed.slice(unanswered)) {
    findings.violate(id, `${unnamed.length} orders are in no answer, and only ${unanswered} commands stayed without one`);
  }
  findings.remark(`${unanswered} commands stayed without an answer, ${unnamed.length} of them have placed their order`);
  return findings.verdict();
}

/** The attempts of each command: those of one key are one, and one without a key is alone. */
function commandsOf(requests: readonly ClientRequest[]): Map<string, ClientRequest[]> {
  const commands = new Map<string, ClientRequest[]>();
  requests.forEach((request, at) => {
    if (request.kind !== 'place') {
      return;
    }
    const name = request.key === null ? `the request ${at} without a key` : `the key ${request.key}`;
    const attempts = commands.get(name);
    if (attempts === undefined) {
      commands.set(name, [request]);
    } else {
      attempts.push(request);
    }
  });
  return commands;
}
