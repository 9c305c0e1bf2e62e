import { fileURLToPath } from 'node:url';
import { findJava, mavenJars, progressOn } from '@waybill/local';

const folder = new URL('../../debezium/', import.meta.url);
export const DEBEZIUM_VERSION = '3.0.8.Final';

/** What Debezium needs to run: Java, its jars in this machine's cache, and the worker, which Java compiles as it starts. */
export interface DebeziumProgram {
  readonly java: string;
  readonly classPath: string;
  readonly source: string;
}

/** Throws where there is no Java, or neither the jars nor a Maven that can fetch them. */
export async function debeziumProgram(say: (line: string) => void): Promise<DebeziumProgram> {
  const { command } = await findJava();
  const { classPath } = await mavenJars(
    {
      title: `Debezium ${DEBEZIUM_VERSION}`,
      name: `debezium-${DEBEZIUM_VERSION}`,
      pom: fileURLToPath(new URL('pom.xml', folder)),
      mainJar: `debezium-embedded-${DEBEZIUM_VERSION}.jar`,
      howToGetMaven: "Debezium's jars are fetched with Maven, and `mvn --version` does not run.",
    },
    progressOn(say),
  );
  return { java: command, classPath, source: fileURLToPath(new URL('DebeziumWorker.java', folder)) };
}
