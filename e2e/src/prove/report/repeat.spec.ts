import { describe, expect, it } from 'vitest';
import { madeUpRecord } from './made-up-record.js';
import { renderRepeat, repeatCommand } from './repeat.js';

describe('how to repeat a run', () => {
  it('is the command that makes the same plan', () => {
    const { run } = madeUpRecord({ run: { faultKinds: ['kill', 'pause'] } });
    expect(repeatCommand(run)).toBe('npm run prove -- --seed 7 --orders 300 --instances 2 --faults kill,pause');
    expect(repeatCommand({ ...run, faultKinds: [], durationMs: 20_000 })).toBe(
      'npm run prove -- --seed 7 --orders 300 --duration 20 --instances 2 --faults none',
    );
  });

  it('is the museum for an exhibit', () => {
    expect(renderRepeat(madeUpRecord({ run: { exhibit: 'retry-topic' } }).run).text).toContain('npm run prove -- museum --only retry-topic');
  });
});
