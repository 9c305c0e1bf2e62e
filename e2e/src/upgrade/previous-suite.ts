import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { previousOnThisSchema } from './recipes.js';
import { buildWorkspace } from './workspace-build.js';

export interface SuiteResult {
  readonly passed: boolean;
  /** `38 passed`, or what failed. */
  readonly summary: string;
}

/** Its entities are compared with the tables column by column: the new column is one too many for them, and does no harm. */
const LEFT_OUT = 'apps/orders/src/persistence/{entities,customer-ref}.int.spec.ts';
const LAST_WORDS = 4_000;

/**
 * Runs the integration tests of orders as it was before, on a real Postgres whose schema is migrated as far as this version
 * migrates it before it starts.
 */
export async function runPreviousSuite({ say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal }): Promise<SuiteResult> {
  say('running the tests of the version before on the schema of this one');
  const build = await buildWorkspace(previousOnThisSchema);
  try {
    const vitest = join(build.folder, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [vitest, 'run', '--project', 'integration', 'apps/orders', '--exclude', LEFT_OUT];
    const child = spawn(process.execPath, args, { cwd: build.folder, signal, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const [, counted] = /^\s*Tests\s+(.+)$/m.exec(output) ?? [];
    return exitCode === 0 && counted !== undefined ? { passed: true, summary: counted } : { passed: false, summary: output.slice(-LAST_WORDS) };
  } finally {
    await build.remove();
  }
}
