import { writeVerdicts } from './document.js';
import { isAsItShouldBe, type MuseumOptions, runMuseum } from './run.js';
import { verdictTable } from './verdict-table.js';

export interface MuseumCommandOptions extends MuseumOptions {
  /** Renew the table in docs/patterns/wrong-designs.md. */
  readonly write?: boolean;
}

/** `npm run prove -- museum`: answers whether every wrong design was convicted, and ours of nothing. */
export async function museumCommand({ write = false, ...options }: MuseumCommandOptions): Promise<boolean> {
  const results = await runMuseum(options);
  for (const { exhibit, conviction } of results) {
    if (conviction !== undefined) {
      options.say(`\n${exhibit?.name ?? 'our own design'}, ${conviction.invariant}:`);
      conviction.history.forEach((line) => options.say(`  ${line}`));
    }
  }
  options.say(`\n${verdictTable(results)}`);
  if (write) {
    await writeVerdicts(results);
  }
  return isAsItShouldBe(results);
}
