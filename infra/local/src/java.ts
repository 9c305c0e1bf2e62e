import { join } from 'node:path';
import { runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';

export interface Java {
  readonly command: string;
  /** All that `java -version` says: names the build, to which a class archive is bound. */
  readonly description: string;
}

const OLDEST_MAJOR = 17;

export const HOW_TO_GET_JAVA =
  'Install a JDK or JRE 17 or newer (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17; others: https://adoptium.net), or set JAVA_HOME to one; or start a Docker engine; or name a broker of yours in WAYBILL_KAFKA_BROKERS.';

/** The Java of JAVA_HOME, or the first on the PATH. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<Java> {
  const home = env['JAVA_HOME'];
  const command = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  const { code, output } = await runProgram(command, ['-version'], { env });
  if (code !== 0) {
    throw new SetUpError(`Kafka needs Java, and \`${command} -version\` does not run. ${HOW_TO_GET_JAVA}`);
  }
  const major = javaMajor(output);
  if (major === undefined || major < OLDEST_MAJOR) {
    const found = major === undefined ? output.split('\n')[0] : `Java ${major}`;
    throw new SetUpError(`Kafka needs Java ${OLDEST_MAJOR} or newer; \`${command} -version\` says ${found}. ${HOW_TO_GET_JAVA}`);
  }
  return { command, description: output };
}

/** 17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_392"`. */
export function javaMajor(versionOutput: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(versionOutput) ?? [];
  const major = first === '1' ? second : first;
  return major === undefined ? undefined : Number(major);
}
