import type { Step } from './finding.js';
import type { KnownTables } from './known-tables.js';
import { bare, madeName, quoted } from './names.js';
import { type SqlType, typeText } from './sql-type.js';

/** A migration of its own, in a transaction. */
export function expand(...statements: readonly string[]): Step {
  return { step: 'migration', phase: 'expand', transaction: true, statements };
}

/** One that no transaction may hold: `transaction = false`. */
export function expandAlone(...statements: readonly string[]): Step {
  return { step: 'migration', phase: 'expand', transaction: false, statements };
}

/** After the roll-out, when no instance of the version before is alive. */
export function contract(...statements: readonly string[]): Step {
  return { step: 'migration', phase: 'contract', transaction: true, statements };
}

export function code(words: string): Step {
  return { step: 'code', words };
}

/** A batched UPDATE of every row of a table; `change` is `SET ...`, and `where` leaves out what is done already. */
export function backfill(tables: KnownTables, table: string, change: string, where?: string): Step {
  return batches(tables, table, `UPDATE ${quoted(table)} ${change}`, where);
}

/** A batched DELETE of every row. */
export function deletion(tables: KnownTables, table: string): Step {
  return batches(tables, table, `DELETE FROM ${quoted(table)}`);
}

function batches(tables: KnownTables, table: string, statement: string, where?: string): Step {
  const { column, type } = tables.keyOf(table);
  const batch = `${quoted(column)} = ANY ($1::${typeText(type)}[])`;
  return {
    step: 'backfill',
    backfill: {
      table,
      key: column,
      statement: `${statement} WHERE ${batch}${where === undefined ? '' : ` AND ${where}`}`,
    },
  };
}

/**
 * SET NOT NULL without a scan under its lock: a CHECK that is validated first, and believed afterwards.
 *
 * In two migrations, because VALIDATE must not run under the lock of ADD.
 */
export function requireColumn(table: string, column: string): Step[] {
  const check = quoted(madeName(bare(table), column, 'present'));
  return [
    expand(`ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${check} CHECK (${quoted(column)} IS NOT NULL) NOT VALID`),
    expand(
      `ALTER TABLE ${quoted(table)} VALIDATE CONSTRAINT ${check}`,
      `ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoted(column)} SET NOT NULL`,
      `ALTER TABLE ${quoted(table)} DROP CONSTRAINT ${check}`,
    ),
  ];
}

/** A constraint that the server checks later, without keeping writers out. */
export function addThenValidate(table: string, name: string, definition: string): Step[] {
  return [
    expand(`ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${quoted(name)} ${definition} NOT VALID`),
    expand(`ALTER TABLE ${quoted(table)} VALIDATE CONSTRAINT ${quoted(name)}`),
  ];
}

export interface ColumnMove {
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** Undefined where nothing that was seen tells it. */
  readonly fromType: SqlType | undefined;
  /** As it is written. */
  readonly toType: string;
}

/** From one column to another, of any type, while both versions of the code run: the expand, backfill, contract of a rename. */
export function moveColumn(tables: KnownTables, { table, from, to, fromType, toType }: ColumnMove): Step[] {
  const [name, before, after] = [quoted(table), quoted(from), quoted(to)];
  const sync = quoted(madeName(bare(table), from, to, 'sync'));
  const beforeType = fromType === undefined ? undefined : typeText(fromType);
  const forward = beforeType === toType ? '' : `::${toType}`;
  const back = beforeType === toType || beforeType === undefined ? '' : `::${beforeType}`;
  return [
    expand(
      `ALTER TABLE ${name} ADD COLUMN ${after} ${toType}`,
      [
        `CREATE FUNCTION ${sync}() RETURNS trigger LANGUAGE plpgsql AS $$`,
        `BEGIN`,
        `  IF TG_OP = 'INSERT' THEN`,
        `    NEW.${after} := coalesce(NEW.${after}, NEW.${before}${forward});`,
        `    NEW.${before} := coalesce(NEW.${before}, NEW.${after}${back});`,
        `  ELSIF NEW.${before} IS DISTINCT FROM OLD.${before} THEN`,
        `    NEW.${after} := NEW.${before}${forward};`,
        `  ELSIF NEW.${after} IS DISTINCT FROM OLD.${after} THEN`,
        `    NEW.${before} := NEW.${after}${back};`,
        `  END IF;`,
        `  RETURN NEW;`,
        `END $$`,
      ].join('\n'),
      `CREATE TRIGGER ${sync} BEFORE INSERT OR UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${sync}()`,
    ),
    backfill(tables, table, `SET ${after} = ${before}${forward}`, `${after} IS DISTINCT FROM ${before}${forward}`),
    ...(tables.column(table, from)?.notNull === true ? requireColumn(table, to) : []),
    code(`read and write ${to}, and no longer ${from}`),
    contract(
      `DROP TRIGGER ${sync} ON ${name}`,
      `DROP FUNCTION ${sync}()`,
      `ALTER TABLE ${name} DROP COLUMN ${before}`,
    ),
  ];
}
