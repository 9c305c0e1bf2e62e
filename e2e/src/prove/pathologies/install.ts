/**
 * Preloaded into a service (`node --import .../pathologies/install.js`) by the tests of liveness: prepares the pathology
 * that PROVE_PATHOLOGY names. SIGUSR2 makes it break out; until then the service is as healthy as any.
 *
 * It lies in e2e, which is part of no image and of no service, and refuses to work in production all the same.
 */
// First, as in a service's main.ts: what it patches must not be loaded before.
import '@waybill/tracing/register';
import { pathologyNamed } from './pathologies.js';

if (process.env['NODE_ENV'] === 'production') {
  throw new Error('a pathology is never installed in production: unset NODE_OPTIONS');
}
const { install } = await pathologyNamed(process.env['PROVE_PATHOLOGY'] ?? '').design();
const breakOut = install();
process.on('SIGUSR2', breakOut);
