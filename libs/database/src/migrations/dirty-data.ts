import { DirtyDataError } from './migration-errors.js';
import { type Queryable, rowsOf } from './queryable.js';

/** What Postgres says of a violation, besides its message (protocol: error fields s, t, c, n). */
interface Violation {
  readonly code?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

const NOT_NULL = '23502';
const FOREIGN_KEY = '23503';
const CHECK = '23514';
const ROWS_MAX = 10;

/**
 * The error, with the keys of the rows that break the constraint where they can be found: for a NOT NULL, for a CHECK and a
 * FOREIGN KEY that were added NOT VALID. Values stay out of it: they may be personal.
 *
 * The session must be able to ask: the statement is rolled back to a savepoint, or ran outside a transaction.
 */
export async function withOffendingRows(session: Queryable, error: unknown): Promise<unknown> {
  const violation = ((error as { driverError?: unknown }).driverError ?? error) as Violation;
  if (violation.table === undefined || ![NOT_NULL, FOREIGN_KEY, CHECK].includes(violation.code ?? '')) {
    return error;
  }
  const wrong = await conditionOf(session, violation).catch(() => undefined);
  if (wrong === undefined) {
    return error;
  }
  try {
    const rows = await rowsWhere(session, wrong);
    const shown = rows.slice(0, ROWS_MAX);
    const more = rows.length > ROWS_MAX ? ' and more' : '';
    return new DirtyDataError(
      `rows of ${wrong.table} break ${wrong.rule}: ${wrong.key.join(', ')} ${shown.join(', ')}${more}.`,
      shown,
      { cause: error },
    );
  } catch {
    return error;
  }
}

interface Condition {
  /** Quoted where it must be, as the three others. */
  readonly table: string;
  readonly key: readonly string[];
  readonly condition: string;
  readonly rule: string;
}

async function conditionOf(session: Queryable, { code, schema, table, column, constraint }: Violation): Promise<Condition | undefined> {
  const [relation] = await rowsOf<{ oid: number; name: string; key: string[] | null }>(
    session,
    `SELECT c.oid, c.oid::regclass::text AS name,
            (SELECT array_agg(quote_ident(a.attname) ORDER BY array_position(i.indkey::int2[], a.attnum))
               FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
              WHERE i.indrelid = c.oid AND i.indisprimary) AS key
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = $1 AND n.nspname = $2`,
    [table, schema],
  );
  if (relation === undefined) {
    return undefined;
  }
  const of = { table: relation.name, key: relation.key ?? ['ctid'] };
  if (code === NOT_NULL) {
    const [name] = await rowsOf<{ column: string }>(session, 'SELECT quote_ident($1) AS column', [column]);
    return name && { ...of, condition: `${name.column} IS NULL`, rule: `NOT NULL of ${name.column}` };
  }
  const [found] = await rowsOf<{ condition: string; definition: string }>(session, code === CHECK ? CHECK_CONDITION : REFERENCE_CONDITION, [
    relation.oid,
    constraint,
  ]);
  return found && { ...of, condition: found.condition, rule: `${constraint} (${found.definition.replace(/ NOT VALID$/, '')})` };
}

/** The constraint's own expression; where it is unknown (null), the row passes. */
const CHECK_CONDITION = `
  SELECT 'NOT (' || pg_get_expr(conbin, conrelid) || ')' AS condition, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE conrelid = $1 AND conname = $2 AND contype = 'c'`;

/** All columns given (MATCH SIMPLE), and nobody there. */
const REFERENCE_CONDITION = `
  SELECT string_agg(format('%s.%I IS NOT NULL', c.conrelid::regclass, a.attname), ' AND ')
         || format(' AND NOT EXISTS (SELECT 1 FROM %s other WHERE ', c.confrelid::regclass)
         || string_agg(format('other.%I = %s.%I', b.attname, c.conrelid::regclass, a.attname), ' AND ') || ')' AS condition,
         pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint c
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (own, other)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
   WHERE c.conrelid = $1 AND c.conname = $2 AND c.contype = 'f'
   GROUP BY c.oid, c.conrelid, c.confrelid`;

async function rowsWhere(session: Queryable, { table, key, condition }: Condition): Promise<string[]> {
  const rows = await rowsOf<{ key: string }>(
    session,
    `SELECT concat_ws(',', ${key.map((column) => `${column}::text`).join(', ')}) AS key FROM ${table} WHERE ${condition} LIMIT ${ROWS_MAX + 1}`,
  );
  return rows.map((row) => row.key);
}
