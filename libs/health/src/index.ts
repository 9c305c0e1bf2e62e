export { type CheckState, type HealthCheck } from './check-runner.js';
export { HealthController } from './health.controller.js';
export { type CheckDetail, Health, type HealthDetail, type HealthOptions, type ProbeAnswer, type ProbeBody } from './health.js';
export { HealthModule, type HealthModuleOptions } from './health.module.js';
export { type HealthLog } from './health-log.js';
export { type LoopReport } from './loop.js';
export { type Progress } from './progress.js';
export { type StallReport, StallWatch, type StallWatchOptions } from './stall-watch.js';
