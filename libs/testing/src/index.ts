export { createTestDatabase, type TestDatabase } from './test-database.js';
export { createTestTopic } from './unique-topic.js';
export { until, type UntilOptions } from './until.js';
