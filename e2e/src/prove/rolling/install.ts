/**
 * Preloaded into a service (`node --import .../rolling/install.js`) by the proof of rolling restarts: the step of the stop
 * that ROLLING_LEFT_OUT names is left out.
 *
 * It lies in e2e, which is part of no image and of no service, and refuses to work in production all the same.
 */
// First, as in a service's main.ts: what it patches must not be loaded before.
import '@waybill/tracing/register';
import { leftOutStep } from './steps.js';

if (process.env['NODE_ENV'] === 'production') {
  throw new Error('a step of the stop is never left out in production: unset NODE_OPTIONS');
}
leftOutStep(process.env['ROLLING_LEFT_OUT'] ?? '').install();
