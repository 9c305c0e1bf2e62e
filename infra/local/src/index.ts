export type { KafkaServer, PostgresServer } from './infrastructure.js';
export { kafkaSettings } from './kafka-settings.js';
export { type ManagedServer } from './managed-server.js';
export { isAlive } from './process-identity.js';
export { Stack } from './stack.js';
export { readStack, type StackFile, stackFile, waybillHome } from './stack-file.js';
export { table } from './stack-table.js';
export { startTestInfrastructure, type TestInfrastructure } from './test-infrastructure.js';
export { startStack, type TestStackOptions } from './test-stack.js';
