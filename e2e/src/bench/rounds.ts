/** One thing that is measured; a round does each case once. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * Runs every case in every round, so that whatever else the machine does meets all of them; each round begins with
 * another case, so that none has the warm or the cold place for itself.
 */
export async function inRounds(cases: readonly Case[], rounds: number, say: (line: string) => void): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const each of rotated(cases, round)) {
      say(`round ${round + 1} of ${rounds}: ${each.name}`);
      await each.run();
    }
  }
}

export function rotated<T>(values: readonly T[], by: number): T[] {
  const first = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(first), ...values.slice(0, first)];
}
