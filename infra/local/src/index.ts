export type { KafkaServer, PostgresServer } from './infrastructure.js';
export { type ManagedServer } from './managed-server.js';
export { readStack, type StackFile, stackFile, waybillHome } from './stack-file.js';
export { startTestInfrastructure, type TestInfrastructure } from './test-infrastructure.js';
