export type { Infrastructure, KafkaServer, PostgresServer } from './infrastructure.js';
export { type ManagedServer } from './managed-server.js';
export { startTestInfrastructure } from './test-infrastructure.js';
export { readStack, type StackFile, stackFile, waybillHome } from './stack-file.js';
