import { join } from 'node:path';
import type { Service } from '@waybill/contracts';
import { ProgramError, runProgram } from './run-program.js';
import { migrationEnvironment } from './service-environment.js';
import { SET_UP_EXIT_CODE, SetUpError } from './set-up-error.js';
import { repository } from './stack-file.js';

/** Runs a service's migrate.js to its end, that of `build`: a built workspace. */
export async function migrateSchema(
  name: Service,
  inherited: NodeJS.ProcessEnv,
  urls: { readonly database: string; readonly migration: string },
  build: string = repository,
): Promise<void> {
  const script = join(build, 'apps', name, 'dist', 'migrate.js');
  const env = migrationEnvironment(inherited, name, urls);
  const result = await runProgram(process.execPath, [script], { cwd: repository, env });
  if (result.code === SET_UP_EXIT_CODE) {
    throw new SetUpError(result.output.trim());
  }
  if (result.code !== 0) {
    throw new ProgramError(`The schema of ${name} could not be migrated`, result);
  }
}
