import { startTestInfrastructure } from '@waybill/local';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** `postgres://…` of the administrator: `createTestDatabase` makes databases with it. */
    postgresAdminUrl: string;
    /** `host:port` of a broker without topics. */
    kafkaBrokers: string;
  }
}

/** One real Kafka and one real Postgres for all integration tests; each test takes a database and topics of its own. */
export default async function startInfrastructure(project: TestProject): Promise<() => Promise<void>> {
  const infrastructure = await startTestInfrastructure((line) => project.vitest.logger.log(line));
  project.provide('postgresAdminUrl', infrastructure.postgres.adminUrl);
  project.provide('kafkaBrokers', infrastructure.kafka.brokers);
  return () => infrastructure.stop();
}
