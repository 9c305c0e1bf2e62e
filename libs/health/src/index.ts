export { type CheckState, type HealthCheck } from './check-runner.js';
export { HealthController } from './health.controller.js';
export { Health, type HealthOptions, type ProbeAnswer, type ProbeBody } from './health.js';
export { HealthModule } from './health.module.js';
export { type HealthLog } from './health-log.js';
