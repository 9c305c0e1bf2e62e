import type pg from 'pg';

/** A table as the catalogue describes it: what its rows must be like. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly checks: readonly Check[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Empty where there is none. */
  readonly primaryKey: readonly string[];
  /** Each column that has a part in a unique index. */
  readonly uniqueColumns: readonly string[];
  readonly indexes: readonly string[];
}

export interface Column {
  readonly name: string;
  /** As `format_type` writes it: `character varying(20)`, `text[]`. */
  readonly type: string;
  /** Of the type below a domain or an array: `int4`, `uuid`. */
  readonly baseType: string;
  readonly isArray: boolean;
  /** Empty for any other type. */
  readonly enumLabels: readonly string[];
  readonly notNull: boolean;
  /** A default, an identity or a serial: it may be left out. */
  readonly hasDefault: boolean;
  /** GENERATED ALWAYS: it must be left out. */
  readonly isGenerated: boolean;
}

export interface Check {
  readonly name: string;
  readonly expression: string;
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly table: string;
  readonly referenced: readonly string[];
}

/** Every table of the schema `public`, by its name, without the runner's own. */
export async function readTables(client: pg.ClientBase): Promise<ReadonlyMap<string, TableShape>> {
  const { rows } = await client.query<TableShape>(QUERY);
  return new Map(rows.filter(({ name }) => !RUNNERS_OWN.test(name)).map((shape) => [shape.name, shape]));
}

/** What libs/database keeps for itself. */
const RUNNERS_OWN = /^(migrations|schema_.*)$/;

const columnNames = (keys: string, relation: string) =>
  `(SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]') FROM unnest(${keys}) WITH ORDINALITY AS k (attnum, n)
      JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.attnum)`;

const QUERY = `
  SELECT t.relname AS name,
    (SELECT coalesce(json_agg(json_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'baseType', coalesce(below.typname, element.typname, ty.typname),
        'isArray', element.oid IS NOT NULL,
        'enumLabels', (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]') FROM pg_enum e
                       WHERE e.enumtypid = coalesce(below.oid, element.oid, ty.oid)),
        'notNull', a.attnotnull OR ty.typnotnull,
        'hasDefault', a.atthasdef OR a.attidentity <> '',
        'isGenerated', a.attgenerated <> '' OR a.attidentity = 'a'
      ) ORDER BY a.attnum), '[]')
     FROM pg_attribute a
     JOIN pg_type ty ON ty.oid = a.atttypid
     LEFT JOIN pg_type below ON below.oid = ty.typbasetype
     LEFT JOIN pg_type element ON element.oid = ty.typelem AND ty.typcategory = 'A'
     WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(json_build_object(
        'name', c.conname,
        'expression', pg_get_expr(c.conbin, c.conrelid),
        'columns', ${columnNames('c.conkey', 'c.conrelid')}
      ) ORDER BY c.conname), '[]')
     FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'c') AS checks,
    (SELECT coalesce(json_agg(json_build_object(
        'columns', ${columnNames('c.conkey', 'c.conrelid')},
        'table', (SELECT p.relname FROM pg_class p WHERE p.oid = c.confrelid),
        'referenced', ${columnNames('c.confkey', 'c.confrelid')}
      ) ORDER BY c.conname), '[]')
     FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'f') AS "foreignKeys",
    (SELECT coalesce((SELECT ${columnNames('c.conkey', 'c.conrelid')}
     FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'p'), '[]')) AS "primaryKey",
    (SELECT coalesce(json_agg(DISTINCT a.attname), '[]') FROM pg_index i
       JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey::smallint[])
     WHERE i.indrelid = t.oid AND i.indisunique) AS "uniqueColumns",
    (SELECT coalesce(json_agg(x.relname), '[]') FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = t.oid) AS indexes
  FROM pg_class t
  WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
  ORDER BY t.relname`;
