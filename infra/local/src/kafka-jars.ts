import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Java } from './java.js';
import { type MavenJars, mavenJars } from './maven-jars.js';
import type { Progress } from './progress.js';

const POM = fileURLToPath(new URL('../pom.xml', import.meta.url));

export const HOW_TO_GET_MAVEN =
  "Kafka's jars are fetched with Maven, and `mvn --version` does not run. Install it (Debian, Ubuntu: apt install maven; macOS: brew install maven); or start a Docker engine; or name a broker of yours in WAYBILL_KAFKA_BROKERS.";

/** `folder` is in the cache; the class archive lies in it, too. */
export interface KafkaJars extends MavenJars {
  readonly version: string;
}

export async function kafkaJars(progress: Progress): Promise<KafkaJars> {
  const version = kafkaVersion();
  const project = {
    title: `Apache Kafka ${version}`,
    name: `kafka-${version}`,
    pom: POM,
    mainJar: `kafka_2.13-${version}.jar`,
    howToGetMaven: HOW_TO_GET_MAVEN,
  };
  return { version, ...(await mavenJars(project, progress)) };
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
