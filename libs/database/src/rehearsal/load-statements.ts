import pg from 'pg';
import type { Expression } from './column-value.js';
import { keyOf, type RowPlan } from './row-plan.js';
import type { Column, TableShape } from './table-shape.js';

/** One thing that the load does, again and again. */
export interface LoadStatement {
  readonly kind: 'write' | 'read';
  readonly table: string;
  /** $1: the number of a new row; $2: that of one that is there. */
  readonly text: string;
}

/**
 * Inserts, updates and reads of a table as both versions of an application may send them: they name only the columns that
 * there are before and after the migration, and a new row has the values of an old one, so that whatever holds for the
 * old ones holds for it.
 */
export function loadStatements(plan: RowPlan, before: TableShape, after: TableShape | undefined): LoadStatement[] {
  if (after === undefined) {
    return [];
  }
  const columns = before.columns.filter(({ name }) => after.columns.some((each) => each.name === name));
  const key = keyOf(plan);
  const found = before.primaryKey.length > 0 && before.primaryKey.every((name) => columns.some((column) => column.name === name));
  const row = found ? `(${before.primaryKey.map((name) => column('old', name)).join(', ')}) = (${rowNumber(key, '$2')})` : undefined;
  const table = pg.escapeIdentifier(before.name);
  const statement = (kind: LoadStatement['kind'], text: string): LoadStatement => ({ kind, table: before.name, text });
  const read = row === undefined ? 'LIMIT 1' : `WHERE ${row}`;
  const names = columns.map(({ name }) => column('old', name)).join(', ');
  const changed = columns.find(({ name, isGenerated }) => !isGenerated && !before.primaryKey.includes(name));
  return [
    statement('write', insert(plan, before, columns, read)),
    ...(row === undefined || changed === undefined
      ? []
      : [statement('write', `UPDATE ${table} AS old SET ${set(changed)} WHERE ${row}${unused('$1')}`)]),
    statement('read', `SELECT ${names} FROM ${table} AS old ${row === undefined ? `WHERE true${unused('$1', '$2')} LIMIT 1` : `${read}${unused('$1')}`}`),
  ];
}

/** The value that it has: whatever the CHECKs and triggers say, it is a good one, and the row is written all the same. */
function set({ name }: Column): string {
  return `${pg.escapeIdentifier(name)} = ${column('old', name)}`;
}

function insert(plan: RowPlan, before: TableShape, columns: readonly Column[], read: string): string {
  const table = pg.escapeIdentifier(before.name);
  const refers = new Set(before.foreignKeys.flatMap((each) => each.columns));
  const isFresh = ({ name }: Column) => before.uniqueColumns.includes(name) && !refers.has(name);
  // What the table makes itself it makes anew where it has to differ.
  const written = columns.filter((each) => !each.isGenerated && !(each.hasDefault && isFresh(each)));
  const values = written.map((each) => (isFresh(each) ? column('fresh', each.name) : column('old', each.name)));
  const fresh = written.filter(isFresh).map(({ name, type }) => {
    return `${plan.expressions[plan.columns.indexOf(name)] ?? `NULL::${type}`} AS ${pg.escapeIdentifier(name)}`;
  });
  const names = written.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
  return `INSERT INTO ${table} (${names})
    SELECT ${values.join(', ')}
    FROM ${table} AS old, (SELECT ${['1 AS "#"', ...fresh].join(', ')} FROM (SELECT $1::bigint AS i, $2::bigint AS j) AS number) AS fresh
    ${read} ON CONFLICT DO NOTHING`;
}

function rowNumber(key: readonly Expression[], parameter: string): string {
  return `SELECT ${key.join(', ')} FROM (SELECT ${parameter}::bigint AS i) AS number`;
}

/** Every statement takes both numbers; the server wants to know the type of each. */
function unused(...parameters: string[]): string {
  return parameters.map((each) => ` AND ${each}::bigint IS NOT NULL`).join('');
}

function column(relation: string, name: string): string {
  return `${relation}.${pg.escapeIdentifier(name)}`;
}
