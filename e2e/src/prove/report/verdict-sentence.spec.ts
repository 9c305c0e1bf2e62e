import { describe, expect, it } from 'vitest';
import { brokenBy, madeUpFault, madeUpRecord, placed, verdictsWith } from './made-up-record.js';
import { verdictSentence } from './verdict-sentence.js';

const record = madeUpRecord({ orders: placed('a', 'b'), faults: [madeUpFault({})] });

describe('the verdict in one sentence', () => {
  it('says what held, and under what', () => {
    expect(verdictSentence(record, verdictsWith())).toEqual({
      result: 'held',
      headline: 'The promise held.',
      words: 'Under 2 orders and 1 fault, all 13 invariants hold, over 16,042 observations without a violation.',
    });
  });

  it('does not hide what was not checked', () => {
    const { words } = verdictSentence(record, verdictsWith({ I11: { result: 'not-checked', checked: 0 }, I13: { result: 'not-checked', checked: 0 } }));
    expect(words).toContain('11 of 13 invariants hold');
    expect(words).toContain('I11 and I13 were not checked');
  });

  it('counts what broke', () => {
    expect(verdictSentence(record, verdictsWith({ I2: brokenBy('I2', ['a', 'b']), I7: brokenBy('I7', ['a']) }))).toMatchObject({
      result: 'broken',
      words: 'Under 2 orders and 1 fault, 2 of 13 invariants broke (I2 and I7) with 3 violations.',
    });
  });

  it('says that the platform did not come to rest', () => {
    expect(verdictSentence(madeUpRecord({ run: { quietMs: null } }), verdictsWith()).words).toContain('had not come to rest within 120 s');
  });

  it('calls a check of nothing no success', () => {
    expect(verdictSentence(record, []).result).toBe('open');
  });
});
