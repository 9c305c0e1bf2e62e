const FIRST_WORD_MS = 2_000;
const NEXT_WORD_MS = 2_000;

/** Says how far a long piece of work is, from its third second on, and not more often than every two. */
export function progressLine(
  say: (line: string) => void,
  what: string,
  now: () => number = () => performance.now(),
): (done: number, total: number) => void {
  let next = now() + FIRST_WORD_MS;
  return (done, total) => {
    if (done < total && now() >= next) {
      next = now() + NEXT_WORD_MS;
      say(`  … ${what}: ${done} of ${total}`);
    }
  };
}
