import { describe, expect, it } from 'vitest';
import { readMatrixOptions, readUpgradeOptions } from './command.js';

describe('the options of upgrade and matrix', () => {
  it('have defaults', () => {
    expect(readUpgradeOptions([])).toMatchObject({ only: ['upgrade', 'controls', 'suite'], json: false, help: false });
    expect(readMatrixOptions([])).toMatchObject({ json: false, help: false });
  });

  it('are read', () => {
    expect(readUpgradeOptions(['--requests', '12000', '--rate', '100', '--rows', '9', '--from', 'v1', '--only', 'suite,controls', '--json'])).toEqual({
      only: ['suite', 'controls'],
      from: 'v1',
      json: true,
      help: false,
      requests: 12_000,
      rate: 100,
      rows: 9,
    });
    expect(readMatrixOptions(['--orders', '50', '--only', 'inventory older'])).toMatchObject({ orders: 50, only: 'inventory older' });
  });

  it.each([
    [['--requests', 'many'], '--requests should be a whole number from 1 to 9999999, got "many"'],
    [['--only', 'everything'], '--only expects some of upgrade, controls, suite; got "everything"'],
    [['--wrong'], "Unknown option '--wrong'"],
    [['word'], "Unexpected argument 'word'"],
  ])('are refused: %j', (args, words) => {
    expect(readUpgradeOptions(args)).toContain(words);
  });
});
