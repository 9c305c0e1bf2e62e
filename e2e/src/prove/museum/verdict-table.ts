import type { MuseumResult } from './run.js';

const HEAD = '| exhibit | faults | verdict | seed | one of the violations | also |\n|---|---|---|---|---|---|';
/** An id is as good as its first characters here, and a table has to be read. */
const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})\b/g;

/** What the museum's page shows: a row an exhibit, and one for our own design. */
export function verdictTable(results: readonly MuseumResult[]): string {
  const exhibited = results.filter(({ exhibit }) => exhibit !== null).map(rowOf);
  const own = results.filter(({ exhibit }) => exhibit === null);
  return [HEAD, ...exhibited, ...(own.length === 0 ? [] : [ownRow(own)])].join('\n');
}

function rowOf({ exhibit, faults, seeds, conviction }: MuseumResult): string {
  const name = `\`${exhibit?.name}\``;
  if (conviction === undefined) {
    return row(name, listOf(faults), 'acquitted', seeds.join(', '), '', '');
  }
  const { invariant, seed, violations, violation, also } = conviction;
  const told = `${shortened(violation.what)}${violations > 1 ? ` (one of ${violations})` : ''}`;
  return row(name, listOf(faults), `**${invariant}**`, String(seed), told, also.join(', '));
}

function ownRow(results: readonly MuseumResult[]): string {
  const broken = results.flatMap(({ conviction }) => conviction ?? []);
  const settings = `each of the above, ${results.length} runs`;
  if (broken.length === 0) {
    return row('our own design', settings, 'nothing broken', 'the same', '', '');
  }
  return row('our own design', settings, broken.map(({ invariant }) => `**${invariant}**`).join(', '), '', broken[0]?.violation.what ?? '', '');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function listOf(faults: readonly string[]): string {
  return faults.length === 0 ? 'none' : faults.join(', ');
}

/** Of a UUIDv7 the last digits: the first ones are the time, the same for all. */
function shortened(text: string): string {
  return text.replaceAll(UUID, (_, _time: string, node: string) => `…${node.slice(-6)}`);
}
