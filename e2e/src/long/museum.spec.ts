import { describe, expect, it } from 'vitest';
import { runMuseum } from '../prove/museum/run.js';

/*
 * Two of the wrong designs, live: those that need no fault, one of the relay and one of the inbox. All of them:
 * `npm run prove -- museum`.
 */
describe('the prover', () => {
  it.each(['id-cursor', 'shared-inbox-key'])('convicts %s', async (name) => {
    const said: string[] = [];
    const results = await runMuseum({ only: [name], control: false, say: (line) => said.push(line) });
    expect(results[0]?.conviction, said.join('\n')).toBeDefined();
  });
});
