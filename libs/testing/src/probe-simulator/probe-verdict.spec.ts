import { expect, it } from 'vitest';
import { ProbeVerdict } from './probe-verdict.js';

it('takes as many equal answers in a row as the thresholds say', () => {
  const verdict = new ProbeVerdict({ failureThreshold: 3, successThreshold: 2 });
  const answers = [true, true, false, false, true, false, false, false, true, true];
  expect(answers.map((answer) => verdict.note(answer))).toEqual([
    undefined,
    true,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    false,
    undefined,
    true,
  ]);
});
