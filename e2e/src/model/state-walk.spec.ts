import { describe, expect, it } from 'vitest';
import { type Move, walk } from './state-walk.js';

/** A machine over numbers: what follows on each, and which of them are ends. */
function machine(moves: Readonly<Record<number, readonly Move<number>[]>>, ends: readonly number[], bad?: number) {
  return {
    initial: 0,
    moves: (state: number) => moves[state] ?? [],
    problem: (state: number) => (state === bad ? `${state} is bad` : undefined),
    isEnd: (state: number) => ends.includes(state),
  };
}

const to = (next: number): Move<number> => ({ what: `to ${next}`, next });

describe('a walk', () => {
  it('sees each state once, circles included, and every end', () => {
    const found = walk(machine({ 0: [to(1), to(2)], 1: [to(0), to(3)], 2: [to(3)], 3: [] }, [3]));
    expect(found).toEqual({ states: 4, moves: 5, ends: [3], verdict: undefined });
  });

  it('tells a shortest way to what is wrong', () => {
    const found = walk(machine({ 0: [to(1), to(4)], 1: [to(2)], 2: [to(9)], 4: [to(9)] }, [9], 9));
    expect(found.verdict).toEqual({ problem: '9 is bad', path: ['to 4', 'to 9', '9'] });
  });

  it('finds who can never come to an end, in a dead end or in a circle', () => {
    expect(walk(machine({ 0: [to(1), to(2)], 1: [] }, [2])).verdict?.path).toEqual(['to 1', '1']);
    expect(walk(machine({ 0: [to(1), to(2)], 1: [to(3)], 3: [to(1)] }, [2])).verdict?.path).toEqual(['to 1', '1']);
  });

  it('takes no comfort in a move that nobody owes', () => {
    const favour = { ...to(1), optional: true };
    expect(walk(machine({ 0: [favour] }, [1])).verdict?.problem).toContain('no end can be reached');
    expect(walk(machine({ 0: [favour, to(2)], 2: [to(1)] }, [1])).verdict).toBeUndefined();
  });
});
