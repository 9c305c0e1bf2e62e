import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

interface Rehearsal {
  readonly name: string;
  readonly declaredMs?: number;
  readonly problem?: string;
  readonly refused: number;
  readonly measured: { readonly maxStallMs: number; readonly rows: number };
}

/** Fewer rows than what was written down with 1,000,000: what a lock costs does not depend on them. */
const ROWS = 100_000;

/*
 * The migrations that are newer than the ledger, for real: what they have declared must hold on this machine, too.
 * What measured.json says of 1,000,000 rows is compared in `npm test`; this shows that it can be measured again.
 */
describe('the newest migrations of orders', () => {
  let rehearsals: readonly Rehearsal[];

  beforeAll(async () => {
    rehearsals = await rehearse('--service', 'orders', '--rows', String(ROWS));
  });

  it('are all rehearsed', () => {
    expect(rehearsals.map(({ name, measured }) => [name.slice(-13), measured.rows])).toEqual(
      ['1764600000000', '1764610000000', '1764620000000', '1764630000000', '1764640000000'].map((moment) => [moment, ROWS]),
    );
  });

  it('make no writer wait for longer than they declare, and make none fail', async () => {
    const problems: string[] = [];
    for (const { name, problem } of rehearsals.filter((each) => each.problem !== undefined)) {
      // A hiccup of the machine does not come a second time; a lock does.
      const [again] = await rehearse(name, '--service', 'orders', '--rows', String(ROWS));
      if (again?.problem !== undefined) {
        problems.push(`${name} ${problem}; and again: ${again.problem}`);
      }
    }
    expect(problems).toEqual([]);
  });
});

async function rehearse(...options: string[]): Promise<readonly Rehearsal[]> {
  const child = spawn(process.execPath, [program, 'migrate', 'rehearse', ...options, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (output === '') {
    throw new Error(`waybill migrate rehearse ended with ${exitCode} and said:\n${errors}`);
  }
  return JSON.parse(output) as readonly Rehearsal[];
}
