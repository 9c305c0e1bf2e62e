import { describe, expect, it } from 'vitest';
import { swap } from './swap.js';

class Greeter {
  constructor(private readonly name: string) {}

  greet(): string {
    return `Hello ${this.word()}`;
  }

  private word(): string {
    return this.name;
  }
}

interface GreeterInside {
  readonly name: string;
  word(): string;
}

describe('swap', () => {
  it('replaces a method for every instance, and hands out what was there', () => {
    const there = new Greeter('Ada');
    const before = swap<GreeterInside>(Greeter, {
      word(): string {
        return `${before.word.call(this)}, or ${this.name.toUpperCase()}`;
      },
    });
    expect(there.greet()).toBe('Hello Ada, or ADA');
    expect(new Greeter('Grace').greet()).toBe('Hello Grace, or GRACE');
  });

  it('refuses a method that the class does not have', () => {
    expect(() => swap<{ leave(): void }>(Greeter, { leave: () => undefined })).toThrow(/Greeter should have a method leave/);
  });
});
