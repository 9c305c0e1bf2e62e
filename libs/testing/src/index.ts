export { httpProbe, probePaths } from './probe-simulator/http-probe.js';
export { type ProbeKind, type Probes, type ProbeSettings } from './probe-simulator/probe-settings.js';
export {
  type Container,
  type ProbeEvent,
  type ProbeEventKind,
  ProbeSimulator,
  type ProbeSimulatorOptions,
} from './probe-simulator/probe-simulator.js';
export { ProcessContainer, type ProcessContainerOptions } from './probe-simulator/process-container.js';
export { type Address, type Direction, TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { createTestTopic } from './unique-topic.js';
export { until, type UntilOptions } from './until.js';
