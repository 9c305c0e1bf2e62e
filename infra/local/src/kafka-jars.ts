import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, makeOnce } from './cache-folder.js';
import type { Java } from './java.js';
import type { Progress } from './progress.js';
import { ProgramError, type ProgramResult, runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';

const POM = fileURLToPath(new URL('../pom.xml', import.meta.url));
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

export const HOW_TO_GET_MAVEN =
  "Kafka's jars are fetched with Maven, and `mvn --version` does not run. Install it (Debian, Ubuntu: apt install maven; macOS: brew install maven); or start a Docker engine; or name a broker of yours in WAYBILL_KAFKA_BROKERS.";

export interface KafkaJars {
  readonly version: string;
  /** The folder in the cache; the class archive lies in it, too. */
  readonly folder: string;
  /** In a fixed order: a class archive is bound to the exact class path. */
  readonly classPath: string;
}

export async function kafkaJars(progress: Progress): Promise<KafkaJars> {
  const version = kafkaVersion();
  const cache = cacheFolder();
  const name = `kafka-${version}`;
  if (!existsSync(join(cache, name))) {
    await progress.step(`Apache Kafka ${version} fetched with Maven, once for this machine`, () =>
      makeOnce(cache, name, fetchJars),
    );
  }
  const folder = join(cache, name);
  const jars = readdirSync(folder).filter((file) => file.endsWith('.jar'));
  return { version, folder, classPath: jars.sort().map((jar) => join(folder, jar)).join(':') };
}

/** The archive's place for this Java and these jars; it may not be there. */
export function classArchiveFile(java: Java, jars: KafkaJars): string {
  const key = createHash('sha256').update(`${java.command}\n${java.description}\n${jars.classPath}`).digest('hex');
  return join(jars.folder, `classes-${key.slice(0, 12)}.jsa`);
}

export function kafkaVersion(): string {
  const [, version] = /<kafka\.version>([^<]+)</.exec(readFileSync(POM, 'utf8')) ?? [];
  if (version === undefined) {
    throw new Error(`${POM} names no kafka.version`);
  }
  return version;
}

async function fetchJars(folder: string): Promise<void> {
  // Maven writes beside the pom, and a clone may be read-only.
  copyFileSync(POM, join(folder, 'pom.xml'));
  let result = await copyDependencies(folder, []);
  if (result.code !== 0 && result.output.includes('Could not create local repository')) {
    // A user without a home that can be written, as some build machines have.
    result = await copyDependencies(folder, [`-Dmaven.repo.local=${join(folder, 'repository')}`]);
    rmSync(join(folder, 'repository'), { recursive: true, force: true });
  }
  if (result.code === 127) {
    throw new SetUpError(HOW_TO_GET_MAVEN);
  }
  if (result.code !== 0 || !existsSync(join(folder, `kafka_2.13-${kafkaVersion()}.jar`))) {
    throw new ProgramError(
      "Maven could not fetch Kafka's jars; it needs Maven Central, or a mirror in ~/.m2/settings.xml",
      result,
    );
  }
}

function copyDependencies(folder: string, options: readonly string[]): Promise<ProgramResult> {
  const goal = ['-q', '-B', '-ntp', '-f', 'pom.xml', COPY_DEPENDENCIES];
  const to = ['-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  return runProgram('mvn', [...goal, ...to, ...options], { cwd: folder });
}
