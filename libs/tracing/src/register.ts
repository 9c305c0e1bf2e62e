/**
 * `import '@waybill/tracing/register'` as the first line of a service: what it patches must not be loaded before.
 */
import { startTracing } from './start-tracing.js';

startTracing(process.env, process.argv[1]);
