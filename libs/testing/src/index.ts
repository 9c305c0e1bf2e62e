export { type Address, type Direction, TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { createTestTopic } from './unique-topic.js';
export { until, type UntilOptions } from './until.js';
