import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.js';
import { faultKinds } from './plan.js';

const read = (...args: string[]) => readCommandLine(args, () => 77);

describe('the command line of the prover', () => {
  it('runs one seed of chance under all faults, unless told otherwise', () => {
    expect(read()).toEqual({
      ...{ name: 'run', seeds: [77], orders: 300, durationMs: undefined, faults: faultKinds, instances: 2, json: false, keep: false },
    });
  });

  it('takes seeds, orders, seconds and kinds of faults', () => {
    expect(read('run', '--seed', '5', '--seeds', '3', '--orders', '20', '--duration', '60', '--faults', 'network,kill')).toMatchObject({
      ...{ seeds: [5, 6, 7], orders: 20, durationMs: 60_000, faults: ['kill', 'network'] },
    });
    expect(read('--faults', 'none')).toMatchObject({ faults: [] });
  });

  it('checks a record', () => {
    expect(read('check', 'a.jsonl.gz')).toEqual({ name: 'check', file: 'a.jsonl.gz', json: false });
  });

  it('leaves the options of other proofs to them', () => {
    expect(read('rolling', '--rounds', '5')).toEqual({ name: 'rolling', args: ['--rounds', '5'] });
    expect(read('crash-points', '--list')).toEqual({ name: 'crash-points', args: ['--list'] });
  });

  it('shows the museum, or some of its exhibits', () => {
    expect(read('museum')).toEqual({ name: 'museum', only: undefined, seeds: undefined, write: false });
    expect(read('museum', '--only', 'acks-0, id-cursor', '--seeds', '2', '--write')).toMatchObject({
      ...{ only: ['acks-0', 'id-cursor'], seeds: 2, write: true },
    });
  });

  it.each([
    [['museum', '--only', 'mona-lisa'], 'museum expects --only with some of dual-write'],
    [['museum', 'acks-0'], 'museum expects --only'],
    [['--faults', 'kill,flood'], '--faults expects some of kill'],
    [['--seed', '-1'], '--seed'],
    [['--orders', '0'], '--orders should be a whole number from 1 to 1000000, got "0"'],
    [['--speed', '3'], "Unknown option '--speed'"],
    [['walk'], 'Expected run, check'],
    [['check'], "check expects one record's file; got none"],
    [['run', 'fast'], 'run takes options only; got "fast"'],
  ])('says what is wrong with %j', (args, words) => {
    expect(() => read(...args)).toThrow(words);
  });
});
