/**
 * Preloaded into a service (`node --import .../museum/install.js`) by the prover: hangs the exhibit that PROVE_EXHIBIT
 * names in the place of our own design.
 *
 * It lies in e2e, which is part of no image and of no service, and refuses to work in production all the same.
 */
// First, as in a service's main.ts: what it patches must not be loaded before.
import '@waybill/tracing/register';
import { exhibitNamed } from './exhibits.js';

if (process.env['NODE_ENV'] === 'production') {
  throw new Error('an exhibit of the museum of wrong designs is never installed in production: unset NODE_OPTIONS');
}
const { install } = await exhibitNamed(process.env['PROVE_EXHIBIT'] ?? '').design();
install();
