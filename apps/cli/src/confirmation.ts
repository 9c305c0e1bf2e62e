import { createInterface } from 'node:readline/promises';
import { RefusedError } from './command-errors.js';

/**
 * Resolves when the person said yes, by `--yes` or on the terminal.
 *
 * @throws RefusedError when they did not, and where there is nobody to ask
 */
export async function confirm(what: string, yes: boolean, say: (line: string) => void): Promise<void> {
  if (yes) {
    return;
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new RefusedError(`${what} Nothing was done: say --yes to do it.`);
  }
  say(what);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Type yes to go on: ');
    if (answer.trim().toLowerCase() !== 'yes') {
      throw new RefusedError('Nothing was done.');
    }
  } finally {
    terminal.close();
  }
}
