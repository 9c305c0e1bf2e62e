import { describe, expect, it } from 'vitest';
import { decideFailure, describeFailure } from './failure.js';

const withCode = (code: string) => Object.assign(new Error(code), { code });
const wrapped = (cause: unknown) => new Error('a use case failed', { cause });

describe('decideFailure', () => {
  it.each(['08006', '53300', '57P01', '57P03', '58030', '55P03', '25P03', '25P04', 'ECONNREFUSED', 'COMMIT_UNKNOWN'])(
    'takes %s for the infrastructure, also inside other errors',
    (code) => {
      expect(decideFailure(withCode(code))).toBe('infrastructure');
      expect(decideFailure(wrapped(withCode(code)))).toBe('infrastructure');
      expect(decideFailure(Object.assign(new Error('QueryFailed'), { driverError: withCode(code) }))).toBe('infrastructure');
    },
  );

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect'])(
    'takes "%s" for the infrastructure, too',
    (message) => {
      expect(decideFailure(new Error(message))).toBe('infrastructure');
    },
  );

  // A statement that is too slow is the handler's own fault: waiting for a better day would hold the partition for ever.
  it.each(['40001', '40P01', '23505', '57014', 'TRANSACTION_ABORTED'])('tries again after %s', (code) => {
    expect(decideFailure(withCode(code))).toBe('retriable');
  });

  it('tries again after what it does not know', () => {
    expect(decideFailure(new TypeError('undefined is not a function'))).toBe('retriable');
    expect(decideFailure('a string')).toBe('retriable');
  });

  it('gives up where the same data must fail again', () => {
    expect(decideFailure(wrapped(withCode('22003')))).toBe('final');
  });

  it.each([
    [true, 'retriable'],
    [false, 'final'],
  ])('believes an error that says retriable: %s', (retriable, decision) => {
    expect(decideFailure(wrapped(Object.assign(withCode('22003'), { retriable })))).toBe(decision);
  });

  it('never counts a fault of the infrastructure, whatever wraps it', () => {
    const final = Object.assign(new Error('refused', { cause: withCode('57P01') }), { retriable: false });
    expect(decideFailure(final)).toBe('infrastructure');
  });

  it('knows an event that is newer than the consumer', () => {
    expect(decideFailure(withCode('NEWER_VERSION'))).toBe('newer-version');
  });
});

describe('describeFailure', () => {
  it('keeps class and message, no stack, and nothing that a table cannot hold', () => {
    const { errorClass, message } = describeFailure(new RangeError(`a\0b${'x'.repeat(2_000)}`));
    expect(errorClass).toBe('RangeError');
    expect(message).toMatch(/^a\u2400bx+$/);
    expect(message).toHaveLength(1_000);
  });
});
