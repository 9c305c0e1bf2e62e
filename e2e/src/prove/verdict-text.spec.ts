import { describe, expect, it } from 'vitest';
import type { Verdict } from './check/verdict.js';
import type { FaultSpan } from './record.js';
import { hold, renderRecoveries, renderVerdicts } from './verdict-text.js';

const verdict = (part: Partial<Verdict>): Verdict => ({
  ...{ invariant: 'I1', title: 'nothing is lost', result: 'holds', checked: 7, violations: [], violationCount: 0, remark: null },
  ...part,
});
const span = (recoveredMs: number | null): FaultSpan => ({ ...{ kind: 'kill', target: 'a', detail: '', startMs: 0, endMs: 1 }, recoveredMs });

describe('verdicts in words', () => {
  it('say that the promise held, and how much was looked at', () => {
    const text = renderVerdicts([verdict({}), verdict({ invariant: 'I13', result: 'not-checked', remark: 'nothing was restarted' })]);
    expect(text).toContain('I1  holds');
    expect(text).toContain('(7 looked at)');
    expect(text).toContain('not checked  nothing is lost  (nothing was restarted)');
    expect(text).toContain('The promise held.');
  });

  it('say what is broken, the first few of it', () => {
    const violations = Array.from({ length: 9 }, (_, index) => ({ invariant: 'I2' as const, orderId: null, what: `wrong ${index}` }));
    const broken = verdict({ invariant: 'I2', result: 'broken', violations, violationCount: 900 });
    expect(hold([broken])).toBe(false);
    const text = renderVerdicts([broken]);
    expect(text).toContain('- wrong 4');
    expect(text).not.toContain('- wrong 5');
    expect(text).toContain('and 895 more');
    expect(text).toContain('THE PROMISE WAS BROKEN.');
  });

  it('tell the longest recovery of each kind of fault', () => {
    expect(renderRecoveries([span(500), span(1_500), span(null)])).toContain('kill         3 times, recovered after at most 1.5 s');
    expect(renderRecoveries([span(null)])).toContain('1 times, the next fault came before the recovery');
    expect(renderRecoveries([])).toBe('');
  });
});
