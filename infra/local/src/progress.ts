/** Where the words for a person go. */
export interface Progress {
  line(text: string): void;
  /** Runs the work; says how long it took, and that it is still at it when it takes long. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const FIRST_WORD_MS = 2_000;
const NEXT_WORD_MS = 10_000;

export function progressOn(write: (line: string) => void): Progress {
  return {
    line: write,
    async step(what, work) {
      const start = performance.now();
      const seconds = () => `${((performance.now() - start) / 1_000).toFixed(1)} s`;
      let timer = setTimeout(function stillAtIt() {
        write(`  … ${what} (${seconds()})`);
        timer = setTimeout(stillAtIt, NEXT_WORD_MS);
      }, FIRST_WORD_MS);
      try {
        const result = await work();
        write(`  ✓ ${what} (${seconds()})`);
        return result;
      } catch (error) {
        write(`  ✗ ${what} (${seconds()})`);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** For tests and tools that have nobody to talk to. */
export const silent: Progress = { line: () => undefined, step: (_what, work) => work() };
