import type { TableShape } from './table-shape.js';

/** The tables there are whose name, or the name of an index of theirs, is a word of one of the statements. */
export function touchedTables(
  statements: readonly string[],
  tables: ReadonlyMap<string, TableShape>,
): readonly string[] {
  const words = new Set(statements.flatMap((statement) => statement.match(/[A-Za-z_][\w$]*|"[^"]+"/g) ?? []).map(unquoted));
  return [...tables.values()]
    .filter(({ name, indexes }) => words.has(name) || indexes.some((index) => words.has(index)))
    .map(({ name }) => name);
}

/** Without quotes SQL folds a name to lower case. */
function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1) : word.toLowerCase();
}
