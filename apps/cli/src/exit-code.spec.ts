import { ConfigError } from '@waybill/config';
import { expect, it } from 'vitest';
import { RefusedError, UnavailableError, UsageError } from './command-errors.js';
import { DemoError } from './demo.js';
import { exitCodeOf } from './exit-code.js';
import { NoStackError } from './find-stack.js';

it.each<[string, Error, number | undefined]>([
  ['wrong usage', new UsageError('no such option'), 64],
  ['what cannot be asked', new UnavailableError('the database is away'), 69],
  ['no stack to ask', new NoStackError('here'), 69],
  ['a wrong setting', new ConfigError([{ name: 'WAYBILL_KAFKA_BROKERS', message: 'is none' }]), 78],
  ['what is refused', new RefusedError('there is no such event'), 1],
  ['a demo that ends badly', new DemoError('409'), 1],
  ['what nobody expected', new TypeError('undefined is not a function'), undefined],
])('%s', (_what, error, exitCode) => {
  expect(exitCodeOf(error)).toBe(exitCode);
});
