import pg from 'pg';
import { type Expression, valueOf } from './column-value.js';
import { RehearsalError } from './rehearsal-error.js';
import type { Check, Column } from './table-shape.js';

/** Columns that some CHECKs tie to one another, and what may stand in them together. */
export interface Choices {
  readonly columns: readonly string[];
  /** Each a row of expressions, in the order of the columns. */
  readonly allowed: readonly (readonly Expression[])[];
}

/** More than this, and the product of the candidates is cut; so many rows are tried in well under a second. */
const COMBINATIONS_MAX = 50_000;
/** What holds for these rows is taken to hold for all: an INSERT tells where it does not. */
const TRIED_ROWS = [1, 2, 3, 1_000, 1_000_000, 2_000_000];

/**
 * Finds values that the CHECKs allow by asking Postgres itself: candidates for each column (what its type gives, the
 * literals of the CHECKs and their neighbours, NULL), and of all combinations those that it finds true for every row tried.
 *
 * @throws RehearsalError when there is none, naming the columns
 */
export async function solveChecks(
  client: pg.ClientBase,
  table: string,
  columns: readonly Column[],
  checks: readonly Check[],
  given: ReadonlyMap<string, Expression>,
): Promise<Choices[]> {
  const solved: Choices[] = [];
  for (const group of groupsOf(checks)) {
    const members = columns.filter(({ name }) => group.columns.has(name));
    solved.push(await solve(client, table, members, group.checks, given));
  }
  return solved;
}

interface Group {
  readonly columns: ReadonlySet<string>;
  readonly checks: readonly Check[];
}

/** Checks that share a column, directly or by way of others, must be solved together. */
function groupsOf(checks: readonly Check[]): Group[] {
  let groups: Group[] = [];
  for (const check of checks) {
    const touches = (group: Group) => check.columns.some((column) => group.columns.has(column));
    const joined = groups.filter(touches);
    groups = [
      ...groups.filter((group) => !touches(group)),
      {
        columns: new Set([...joined.flatMap((group) => [...group.columns]), ...check.columns]),
        checks: [...joined.flatMap((group) => group.checks), check],
      },
    ];
  }
  return groups;
}

async function solve(
  client: pg.ClientBase,
  table: string,
  columns: readonly Column[],
  checks: readonly Check[],
  given: ReadonlyMap<string, Expression>,
): Promise<Choices> {
  const literals = checks.flatMap(({ expression }) => literalsOf(expression));
  const candidates = limited(columns.map((column) => candidatesFor(column, literals, given.get(column.name))));
  const numbers = columns.map((_, n) => `"#${n}"`).join(', ');
  const from = columns.map((column, n) => {
    const rows = candidates[n]?.map((candidate, index) => `SELECT i AS "#i", ${index} AS "#${n}", ${candidate} AS ${pg.escapeIdentifier(column.name)} FROM tried`);
    return `(${rows?.join(' UNION ALL ')}) AS "#c${n}"`;
  });
  const [first, ...others] = from;
  const joined = [first, ...others.map((each) => `JOIN ${each} USING ("#i")`)].join(' ');
  const holds = checks.map(({ expression }) => `(${expression}) IS NOT FALSE`).join(' AND ');
  const query = `WITH tried AS MATERIALIZED (SELECT i FROM unnest($1::bigint[]) AS i)
    SELECT ${numbers} FROM ${joined} WHERE ${holds} GROUP BY ${numbers} HAVING count(*) = $2 ORDER BY ${numbers}`;
  const { rows } = await client.query<Record<string, number>>(query, [TRIED_ROWS, TRIED_ROWS.length]);
  if (rows.length === 0) {
    throw RehearsalError.unsatisfied(table, columns, checks);
  }
  const tuples = rows.map((row) => columns.map((_, n) => row[`#${n}`] ?? 0));
  return {
    columns: columns.map(({ name }) => name),
    allowed: varied(tuples).map((tuple) => tuple.map((index, n) => candidates[n]?.[index] ?? 'NULL')),
  };
}

/** A combination for each candidate that can occur at all: every status, with and without a reason. */
function varied(tuples: readonly (readonly number[])[]): (readonly number[])[] {
  const seen = new Set<string>();
  return tuples.filter((tuple) => {
    const fresh = tuple.map((index, n) => `${n}:${index}`).filter((key) => !seen.has(key));
    for (const key of fresh) {
      seen.add(key);
    }
    return fresh.length > 0;
  });
}

function candidatesFor(column: Column, literals: readonly Literal[], given: Expression | undefined): Expression[] {
  if (given !== undefined) {
    return [`(${given})::${column.type}`];
  }
  const general = valueOf(column, false);
  const found = literals.filter(({ kind }) => kind === kindOf(column)).flatMap(({ candidates }) => candidates);
  const all = [...(general === undefined ? [] : [general]), ...extra(column), ...found.map((each) => `(${each})::${column.type}`)];
  return [...new Set([...all, ...(column.notNull ? [] : [`NULL::${column.type}`])])];
}

type Kind = 'text' | 'number' | 'other';

function kindOf({ baseType, isArray, enumLabels }: Column): Kind {
  if (isArray) {
    return 'other';
  }
  if (enumLabels.length > 0 || /^(text|varchar|bpchar|citext|name)$/.test(baseType)) {
    return 'text';
  }
  return /^(int[248]|float[48]|numeric|money)$/.test(baseType) ? 'number' : 'other';
}

/** What CHECKs often ask of a type, beside its literals. */
function extra({ baseType, isArray, type }: Column): Expression[] {
  if (isArray) {
    return [];
  }
  switch (baseType) {
    case 'timestamptz':
    case 'timestamp':
      return [`(timestamptz '2027-01-01 00:00:00Z' + i * interval '1 second')::${type}`];
    case 'json':
    case 'jsonb':
      return [`'[]'::${type}`, `'{}'::${type}`];
    case 'bool':
      return ['true', 'false'];
    default:
      return [];
  }
}

interface Literal {
  readonly kind: Kind;
  readonly candidates: readonly Expression[];
}

/** Strings as they stand, numbers with those beside them: `> 5` wants 6. */
function literalsOf(expression: string): Literal[] {
  return [...expression.matchAll(/'((?:[^']|'')*)'|(?<![\w.$"])\d+(?:\.\d+)?(?![\w"])/g)].map(([whole, text]) => {
    if (text !== undefined && !/^-?\d+(\.\d+)?$/.test(text)) {
      return { kind: 'text' as const, candidates: [whole] };
    }
    const value = Number(text ?? whole);
    return { kind: 'number' as const, candidates: [value, value + 1, value - 1].map(String) };
  });
}

/** The rear candidates of the longest list go first, until the product is small enough. */
function limited(lists: readonly Expression[][]): Expression[][] {
  const cut = lists.map((list) => [...list]);
  while (cut.reduce((product, { length }) => product * length, 1) > COMBINATIONS_MAX) {
    cut.toSorted((a, b) => b.length - a.length)[0]?.pop();
  }
  return cut;
}
