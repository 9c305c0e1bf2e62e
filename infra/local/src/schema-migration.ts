import { join } from 'node:path';
import type { Service } from '@waybill/contracts';
import { runProgram } from './run-program.js';
import { migrationEnvironment } from './service-environment.js';
import { SET_UP_EXIT_CODE, SetUpError } from './set-up-error.js';
import { repository } from './stack-file.js';

/** Runs a service's migrate.js to its end. */
export async function migrateSchema(
  name: Service,
  inherited: NodeJS.ProcessEnv,
  urls: { readonly database: string; readonly migration: string },
): Promise<void> {
  const script = join(repository, 'apps', name, 'dist', 'migrate.js');
  const env = migrationEnvironment(inherited, name, urls);
  const { code, output } = await runProgram(process.execPath, [script], { cwd: repository, env });
  if (code === SET_UP_EXIT_CODE) {
    throw new SetUpError(output.trim());
  }
  if (code !== 0) {
    throw new Error(`The schema of ${name} could not be migrated (exit code ${code}):\n${output.trim()}`);
  }
}
