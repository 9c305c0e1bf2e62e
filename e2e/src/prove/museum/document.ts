import { readFile, writeFile } from 'node:fs/promises';
import type { MuseumResult } from './run.js';
import { verdictTable } from './verdict-table.js';

const PAGE = new URL('../../../../docs/patterns/wrong-designs.md', import.meta.url);
const BEGIN = '<!-- begin: npm run prove -- museum --write -->';
const END = '<!-- end -->';

/** Renews the table of verdicts in docs/patterns/wrong-designs.md. */
export async function writeVerdicts(results: readonly MuseumResult[]): Promise<void> {
  await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8'), verdictTable(results)));
}

/** Puts the table between the marks, and leaves everything else as it is. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END, from);
  if (from < 0 || to < 0) {
    throw new Error(`docs/patterns/wrong-designs.md should hold "${BEGIN}" and "${END}": the table goes between them`);
  }
  return `${page.slice(0, from + BEGIN.length)}\n\n${table}\n\n${page.slice(to)}`;
}
