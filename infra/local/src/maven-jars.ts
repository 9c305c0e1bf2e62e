import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, makeOnce } from './cache-folder.js';
import type { Progress } from './progress.js';
import { ProgramError, type ProgramResult, runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';

const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

export interface MavenProject {
  /** For people, as in "Apache Kafka 4.3.1". */
  readonly title: string;
  /** Of the folder in the cache; with the version, so that another one gets a folder of its own. */
  readonly name: string;
  /** The pom whose dependencies are wanted. */
  readonly pom: string;
  /** A jar that is there when all went well. */
  readonly mainJar: string;
  /** What to do where there is no Maven. */
  readonly howToGetMaven: string;
}

export interface MavenJars {
  /** In the cache. */
  readonly folder: string;
  /** In a fixed order: a class archive is bound to the exact class path. */
  readonly classPath: string;
}

/** The jars that a pom names, fetched with Maven once for this machine. */
export async function mavenJars(project: MavenProject, progress: Progress): Promise<MavenJars> {
  const cache = cacheFolder();
  if (!existsSync(join(cache, project.name))) {
    await progress.step(`${project.title} fetched with Maven, once for this machine`, () =>
      makeOnce(cache, project.name, (folder) => fetchJars(project, folder)),
    );
  }
  const folder = join(cache, project.name);
  const jars = readdirSync(folder).filter((file) => file.endsWith('.jar'));
  return { folder, classPath: jars.sort().map((jar) => join(folder, jar)).join(':') };
}

async function fetchJars({ title, pom, mainJar, howToGetMaven }: MavenProject, folder: string): Promise<void> {
  // Maven writes beside the pom, and a clone may be read-only.
  copyFileSync(pom, join(folder, 'pom.xml'));
  let result = await copyDependencies(folder, []);
  if (result.code !== 0 && result.output.includes('Could not create local repository')) {
    // A user without a home that can be written, as some build machines have.
    result = await copyDependencies(folder, [`-Dmaven.repo.local=${join(folder, 'repository')}`]);
    rmSync(join(folder, 'repository'), { recursive: true, force: true });
  }
  if (result.code === 127) {
    throw new SetUpError(howToGetMaven);
  }
  if (result.code !== 0 || !existsSync(join(folder, mainJar))) {
    throw new ProgramError(
      `Maven could not fetch the jars of ${title}; it needs Maven Central, or a mirror in ~/.m2/settings.xml`,
      result,
    );
  }
}

function copyDependencies(folder: string, options: readonly string[]): Promise<ProgramResult> {
  const goal = ['-q', '-B', '-ntp', '-f', 'pom.xml', COPY_DEPENDENCIES];
  const to = ['-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  return runProgram('mvn', [...goal, ...to, ...options], { cwd: folder });
}
