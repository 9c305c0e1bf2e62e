import pg from 'pg';
import { solveChecks } from './check-solver.js';
import { type Expression, valueOf } from './column-value.js';
import { RehearsalError } from './rehearsal-error.js';
import type { Check, Column, TableShape } from './table-shape.js';

/** How to make row number `i` of a table. */
export interface RowPlan {
  readonly table: string;
  readonly columns: readonly string[];
  /** One for each column. */
  readonly expressions: readonly Expression[];
  readonly primaryKey: readonly string[];
}

export interface PlanOptions {
  /** Rows that each table has, or will have: a foreign key refers to one of them. */
  readonly rows: number;
  readonly tables: ReadonlyMap<string, TableShape>;
  /** Besides those of the shape: what a later migration will ask for. */
  readonly laterChecks?: readonly Check[];
  /** `table.column` and its expression, in the place of what would be made up. */
  readonly samples: Readonly<Record<string, Expression>>;
}

/** @throws RehearsalError for a column that no value can be made up for */
export async function planRows(client: pg.ClientBase, shape: TableShape, options: PlanOptions): Promise<RowPlan> {
  const { name: table, primaryKey } = shape;
  const known = new Set(shape.columns.map(({ name }) => name));
  const checks = distinct([...shape.checks, ...(options.laterChecks ?? [])]).filter(({ columns }) =>
    columns.length > 0 && columns.every((column) => known.has(column)),
  );
  const given = new Map<string, Expression>();
  for (const column of shape.columns) {
    const sample = options.samples[`${table}.${column.name}`] ?? referredTo(shape, column, options);
    if (sample !== undefined) {
      given.set(column.name, sample);
    }
  }
  const checked = new Map<string, Expression>();
  for (const { columns, allowed } of await solveChecks(client, table, shape.columns, checks, given)) {
    columns.forEach((column, n) => checked.set(column, inTurns(allowed.map((tuple) => tuple[n] ?? 'NULL'))));
  }
  const planned = shape.columns.flatMap((column) => {
    const expression = column.isGenerated ? undefined : (checked.get(column.name) ?? given.get(column.name) ?? made(shape, column));
    return expression === undefined ? [] : [{ name: column.name, expression }];
  });
  return {
    table,
    columns: planned.map(({ name }) => name),
    expressions: planned.map(({ expression }) => expression),
    primaryKey,
  };
}

/** The statement makes the rows `i` of the relation `from`, which has a column of that name. */
export function insertRows({ table, columns, expressions }: RowPlan, from: string): string {
  const names = columns.map((name) => pg.escapeIdentifier(name)).join(', ');
  return `INSERT INTO ${pg.escapeIdentifier(table)} (${names}) SELECT ${expressions.join(', ')} FROM ${from}`;
}

/** Of row `i`; a key that the table makes itself counts from 1. */
export function keyOf({ primaryKey, columns, expressions }: RowPlan): Expression[] {
  return primaryKey.map((name) => expressions[columns.indexOf(name)] ?? 'i');
}

function made({ name: table, primaryKey }: TableShape, column: Column): Expression | undefined {
  if (column.hasDefault) {
    return undefined;
  }
  const value = valueOf(column, primaryKey.length === 1 && primaryKey[0] === column.name);
  if (value === undefined && column.notNull) {
    throw RehearsalError.unknownType(table, column);
  }
  return value;
}

/** What stands in the same row of the table that a foreign key leads to; NULL where it leads back to its own. */
function referredTo(shape: TableShape, column: Column, options: PlanOptions): Expression | undefined {
  const key = shape.foreignKeys.find(({ columns }) => columns.includes(column.name));
  const parent = key === undefined ? undefined : options.tables.get(key.table);
  if (key === undefined || parent === undefined) {
    return undefined;
  }
  if (parent.name === shape.name && !column.notNull) {
    return 'NULL';
  }
  const referenced = parent.columns.find(({ name }) => name === key.referenced[key.columns.indexOf(column.name)]);
  if (referenced === undefined) {
    return undefined;
  }
  const sample = options.samples[`${parent.name}.${referenced.name}`];
  const counted = referenced.hasDefault ? 'i' : made(parent, referenced);
  const value = sample ?? referredTo(parent, referenced, options) ?? counted ?? 'i';
  // The load goes on beyond the last row; there it refers to the rows from the first on.
  return `(SELECT ${value} FROM (SELECT 1 + (i - 1) % ${options.rows} AS i) AS parent)::${column.type}`;
}

/** Row after row the next of them. */
function inTurns(expressions: readonly Expression[]): Expression {
  const [first = 'NULL'] = expressions;
  if (expressions.every((each) => each === first)) {
    return first;
  }
  const cases = expressions.map((each, n) => `WHEN ${n} THEN ${each}`);
  return `CASE i % ${expressions.length} ${cases.join(' ')} END`;
}

function distinct(checks: readonly Check[]): Check[] {
  return [...new Map(checks.map((check) => [check.expression, check])).values()];
}
