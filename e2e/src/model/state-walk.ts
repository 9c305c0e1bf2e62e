/*
 * Every state that can be reached, breadth first: whatever is wrong is found by a shortest path to it.
 *
 * Source: C. Baier, J.-P. Katoen, "Principles of Model Checking" (2008), 3.3.1 (invariants by search of the graph).
 */

export interface Move<State> {
  /** What happens, for a person. */
  readonly what: string;
  readonly next: State;
  /** Nobody owes this move: it may never be made, so no end may depend on it. */
  readonly optional?: boolean;
}

export interface Machine<State> {
  readonly initial: State;
  moves(state: State): Iterable<Move<State>>;
  /** What is wrong with a state wherever it stands, or undefined. */
  problem(state: State): string | undefined;
  /** Nothing is owed any more: the story is over. */
  isEnd(state: State): boolean;
}

export interface Walk<State> {
  readonly states: number;
  readonly moves: number;
  readonly ends: readonly State[];
  /** What is wrong, with the moves that lead there; undefined when nothing is. */
  readonly verdict: Conviction | undefined;
}

export interface Conviction {
  readonly problem: string;
  readonly path: readonly string[];
}

interface Node<State> {
  readonly state: State;
  readonly from: Node<State> | undefined;
  readonly what: string;
  /** Those that lead here by a move that is owed: the way back from the ends. */
  readonly before: Node<State>[];
}

/** More than this is no model of ours any more, but a table that never comes to an end. */
const STATES_MAX = 2_000_000;

/**
 * Walks until everything was seen or something is wrong. From each state an end must be in reach by moves that somebody
 * owes: nothing is stuck, or waits for a favour.
 */
export function walk<State>(machine: Machine<State>): Walk<State> {
  const first: Node<State> = { state: machine.initial, from: undefined, what: 'the beginning', before: [] };
  const seen = new Map([[JSON.stringify(machine.initial), first]]);
  const queue = [first];
  const ends: Node<State>[] = [];
  let moves = 0;
  const result = (verdict?: Conviction): Walk<State> => ({
    states: queue.length,
    moves,
    ends: ends.map(({ state }) => state),
    verdict,
  });

  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] as Node<State>;
    const problem = queue.length > STATES_MAX ? 'there is no end to the states' : machine.problem(node.state);
    if (problem !== undefined) {
      return result({ problem, path: pathTo(node) });
    }
    if (machine.isEnd(node.state)) {
      ends.push(node);
    }
    for (const { what, next, optional = false } of machine.moves(node.state)) {
      moves++;
      const key = JSON.stringify(next);
      let found = seen.get(key);
      if (found === undefined) {
        found = { state: next, from: node, what, before: [] };
        seen.set(key, found);
        queue.push(found);
      }
      if (!optional) {
        found.before.push(node);
      }
    }
  }
  const stuck = firstWithoutEnd(queue, ends);
  return result(
    stuck === undefined ? undefined : { problem: 'from here no end can be reached any more', path: pathTo(stuck) },
  );
}

function firstWithoutEnd<State>(all: readonly Node<State>[], ends: readonly Node<State>[]): Node<State> | undefined {
  const saved = new Set(ends);
  const open = [...ends];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const before of node.before) {
      if (!saved.has(before)) {
        saved.add(before);
        open.push(before);
      }
    }
  }
  return all.find((node) => !saved.has(node));
}

function pathTo<State>(node: Node<State>): string[] {
  const path = [JSON.stringify(node.state)];
  for (let at: Node<State> | undefined = node; at?.from !== undefined; at = at.from) {
    path.unshift(at.what);
  }
  return path;
}
