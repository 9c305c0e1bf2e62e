import type { ColumnDef, Constraint, Node } from 'libpg-query';
import type { Problem } from '../finding.js';
import { qualified, quoted } from '../names.js';
import { addedColumn, addedConstraint, constraintName, constraintOf, constraintsOf, type Operation, statementAs } from '../operation.js';
import { namesIn, nodeAs } from '../parse.js';
import { plainColumn } from '../plain-column.js';
import { addThenValidate, code, expand, expandAlone, requireColumn } from '../recipe.js';
import type { Context, Rule } from '../rule.js';
import { columnText, expressionText, restOfCommand } from '../sql-text.js';
import { stopsWriters } from '../transaction.js';

export const constraintRules: readonly Rule[] = [
  {
    id: 'foreign-key-validated',
    severity: 'error',
    refuses: 'a foreign key without NOT VALID, or one that is made ENFORCED',
    claim: { lock: 'SHARE ROW EXCLUSIVE', work: 'scans' },
    on: ['AT_AddConstraint', 'AT_AddColumn', 'AT_AlterConstraint'],
    check: (operation, { tables, script }) => {
      const { table = '', command } = operation;
      const altered = nodeAs(command?.def, 'ATAlterConstraint');
      if (altered !== undefined) {
        return altered.alterEnforceability === true && altered.is_enforced === true ? enforced(table, altered.conname ?? '') : undefined;
      }
      const found = newConstraint(operation, 'CONSTR_FOREIGN');
      if (found === undefined || found.constraint.skip_validation === true) {
        return undefined;
      }
      const { constraint, name, definition, column } = found;
      const other = qualified([constraint.pktable?.schemaname, constraint.pktable?.relname]);
      const head = column === undefined ? [] : [expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${column.text}`)];
      const foreign = column === undefined ? definition : `FOREIGN KEY (${quoted(column.name)}) ${definition}`;
      if (column !== undefined && !column.hasDefault) {
        return {
          severity: 'warning',
          why: `The new column is empty, so no row is read; but ${table} is locked (ACCESS EXCLUSIVE) while the statement waits for its lock on ${other} (SHARE ROW EXCLUSIVE): who writes there makes everybody here wait.`,
          recipe: [...head, ...addThenValidate(table, name, foreign)],
        };
      }
      return {
        why: `${tables.isNew(other, script) ? table : `${table} and ${other}`} cannot be written to (SHARE ROW EXCLUSIVE) while every row of ${table} is looked up in ${other}.`,
        recipe: [...head, ...addThenValidate(table, name, foreign)],
      };
    },
  },
  {
    id: 'check-validated',
    severity: 'error',
    refuses: 'a CHECK without NOT VALID',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'scans' },
    on: ['AT_AddConstraint', 'AT_AddColumn'],
    check: (operation) => {
      const { table = '' } = operation;
      const found = newConstraint(operation, 'CONSTR_CHECK');
      if (found === undefined || found.constraint.skip_validation === true) {
        return undefined;
      }
      const { name, definition, column } = found;
      return {
        why: `Every row of ${table} is read while nobody else may read or write it (ACCESS EXCLUSIVE).`,
        recipe: [
          ...(column === undefined ? [] : [expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${column.text}`)]),
          ...addThenValidate(table, name, definition),
        ],
      };
    },
  },
  {
    id: 'unique-without-index',
    severity: 'error',
    refuses: 'UNIQUE or PRIMARY KEY without USING INDEX',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'scans' },
    on: ['AT_AddConstraint', 'AT_AddColumn'],
    check: (operation, { tables }) => {
      const { table = '' } = operation;
      const found = newConstraint(operation, 'CONSTR_UNIQUE', 'CONSTR_PRIMARY');
      if (found === undefined || found.constraint.indexname !== undefined) {
        return undefined;
      }
      const { constraint, name, column } = found;
      const columns = column === undefined ? namesIn(constraint.keys) : [column.name];
      const primary = constraint.contype === 'CONSTR_PRIMARY';
      const nullable = primary ? columns.filter((each) => !tables.isProvedNotNull(table, each)) : [];
      return {
        why: `The index is built while nobody else may read or write ${table} (ACCESS EXCLUSIVE).`,
        recipe: [
          ...(column === undefined ? [] : [expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${column.text}`)]),
          ...nullable.flatMap((each) => requireColumn(table, each)),
          expandAlone(
            `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ${quoted(name)} ON ${quoted(table)} (${columns.map(quoted).join(', ')})${nullsOf(constraint)}`,
          ),
          expand(
            `ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${quoted(name)} ${primary ? 'PRIMARY KEY' : 'UNIQUE'} USING INDEX ${quoted(name)}`,
          ),
        ],
      };
    },
  },
  {
    id: 'exclusion-constraint',
    severity: 'error',
    refuses: 'an exclusion constraint on a table that is in use',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'scans' },
    on: ['AT_AddConstraint'],
    check: (operation) => {
      if (addedConstraint(operation)?.contype !== 'CONSTR_EXCLUSION') {
        return undefined;
      }
      return {
        why: `Its index is built while nobody else may read or write ${operation.table} (ACCESS EXCLUSIVE), and PostgreSQL knows neither NOT VALID nor USING INDEX for it.`,
        recipe: [code(`make a new table that has the constraint from its start, write to both, copy ${operation.table} by a backfill, switch the readers, drop the old one in a contract`)],
      };
    },
  },
  {
    id: 'set-not-null',
    severity: 'error',
    refuses: 'SET NOT NULL (or NOT NULL as a constraint, or of a new virtual column) without a validated CHECK that proves it',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'scans' },
    on: ['AT_SetNotNull', 'AT_AddConstraint', 'AT_AddColumn'],
    check: (operation, context) => {
      const { kind, table = '', command } = operation;
      const column = addedColumn(operation);
      if (column !== undefined) {
        return requiredVirtual(operation, column);
      }
      const constraint = addedConstraint(operation);
      const columns =
        kind === 'AT_SetNotNull'
          ? [command?.name ?? '']
          : constraint?.contype === 'CONSTR_NOTNULL' && constraint.skip_validation !== true
            ? namesIn(constraint.keys)
            : primaryKeyByIndex(constraint, context);
      const unproved = columns.filter((column) => !context.tables.isProvedNotNull(table, column));
      if (unproved.length === 0) {
        return undefined;
      }
      return {
        why: `Every row of ${table} is read while nobody else may read or write it (ACCESS EXCLUSIVE). No validated CHECK (${unproved.join(', ')} IS NOT NULL) is known that would spare it.`,
        recipe: [
          ...unproved.flatMap((column) => requireColumn(table, column)),
          ...(kind === 'AT_AddConstraint' && constraint?.indexname !== undefined ? [expand(operation.statement.text)] : []),
        ],
      };
    },
  },
  {
    id: 'validate-under-lock',
    severity: 'error',
    refuses: 'VALIDATE CONSTRAINT while a lock that keeps writers out is held, such as that of its own ADD CONSTRAINT',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'scans' },
    on: ['AT_ValidateConstraint'],
    check: ({ table = '', command }, { tables, transaction }) => {
      const name = command?.name ?? '';
      const addedHere = tables.table(table)?.constraints.get(name)?.addedIn === transaction;
      const held = [...transaction.locked].filter(([, lock]) => stopsWriters(lock));
      if (!addedHere && held.length === 0) {
        return undefined;
      }
      const locks = held.map(([locked, lock]) => `${lock} on ${locked}`).join(', ');
      return {
        why: `The transaction holds ${locks === '' ? `the lock of its ADD CONSTRAINT on ${table}` : locks} until its end, so writers wait for the whole scan; alone, VALIDATE lets them write.`,
        recipe: [
          code(`leave what comes before it in this migration, and give VALIDATE one of its own`),
          expand(`ALTER TABLE ${quoted(table)} VALIDATE CONSTRAINT ${quoted(name)}`),
        ],
      };
    },
  },
  {
    id: 'drop-constraint',
    severity: 'error',
    refuses: 'dropping a UNIQUE, a PRIMARY KEY or a unique index before the contract',
    on: ['AT_DropConstraint', 'DropStmt:OBJECT_INDEX'],
    check: ({ kind, table = '', command, object, statement }, { tables, script }) => {
      const type = tables.table(table)?.constraints.get(command?.name ?? '')?.type;
      const unique = kind === 'AT_DropConstraint' ? type === 'CONSTR_UNIQUE' || type === 'CONSTR_PRIMARY' : tables.index(object)?.unique === true;
      // Of a table whose making was seen, every constraint is known: one that is not there cannot be missed.
      const unknown = kind === 'AT_DropConstraint' && type === undefined && tables.table(table)?.bornIn === undefined;
      if (addedAgain(statement.node, command?.name)) {
        return undefined;
      }
      if (script.phase === 'contract' || !(unique || unknown) || tables.isNew(tables.index(object)?.table, script)) {
        return undefined;
      }
      const name = object ?? command?.name ?? '';
      return {
        severity: unique ? 'error' : 'warning',
        why: unique
          ? `The version before may say ON CONFLICT, and needs ${name} for it; and two rows that get in meanwhile stay.`
          : `No migration that was seen has made ${name}: if it is a UNIQUE or a PRIMARY KEY, an ON CONFLICT of the version before fails. (A CHECK or a foreign key may go.)`,
        recipe: [
          code(`roll out a version that does without ${name}`),
          kind === 'AT_DropConstraint'
            ? { step: 'migration', phase: 'contract', transaction: true, statements: [`ALTER TABLE ${quoted(table)} DROP CONSTRAINT ${quoted(name)}`] }
            : { step: 'migration', phase: 'contract', transaction: false, statements: [nodeAs(statement.node, 'DropStmt')?.concurrent === true ? statement.text : `DROP INDEX CONCURRENTLY IF EXISTS ${quoted(name)}`] },
        ],
      };
    },
  },
  {
    id: 'drop-not-null',
    severity: 'warning',
    refuses: 'DROP NOT NULL before the contract',
    on: ['AT_DropNotNull'],
    check: ({ table = '', command }, { script }) => {
      if (script.phase === 'contract') {
        return undefined;
      }
      return {
        why: `The version before expects a value in ${command?.name} of every row, and may fail at the first NULL that the new one writes.`,
        recipe: [
          code(`make sure that no NULL is written before the version before is gone (a trigger may fill it), or write NULL only after the contract`),
          { step: 'migration', phase: 'contract', transaction: true, statements: [`ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoted(command?.name ?? '')} DROP NOT NULL`] },
        ],
      };
    },
  },
  {
    id: 'drop-default',
    severity: 'warning',
    refuses: 'DROP DEFAULT before the contract',
    on: ['AT_ColumnDefault'],
    check: ({ table = '', command }, { script, tables }) => {
      if (script.phase === 'contract' || command?.def !== undefined) {
        return undefined;
      }
      const name = command?.name ?? '';
      const required = tables.column(table, name)?.notNull === true;
      return {
        severity: required ? 'error' : 'warning',
        why: required
          ? `${name} is NOT NULL: every INSERT of the version before that leaves it out fails.`
          : `The version before may leave ${name} out and count on its default.`,
        recipe: [
          code(`roll out a version that writes ${name} itself`),
          { step: 'migration', phase: 'contract', transaction: true, statements: [`ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoted(name)} DROP DEFAULT`] },
        ],
      };
    },
  },
  {
    id: 'domain-constraint',
    severity: 'error',
    refuses: 'ALTER DOMAIN ... ADD CONSTRAINT without NOT VALID, or SET NOT NULL',
    on: ['AlterDomainStmt'],
    check: (operation) => {
      const alter = statementAs(operation, 'AlterDomainStmt');
      const constraint = nodeAs(alter?.def, 'Constraint');
      const adds = alter?.subtype === 'C' && constraint?.skip_validation !== true;
      if (!adds && alter?.subtype !== 'O') {
        return undefined;
      }
      const domain = quoted(qualified(namesIn(alter.typeName)));
      const name = quoted(constraint?.conname ?? `${namesIn(alter.typeName).at(-1)}_check`);
      if (alter.subtype === 'O') {
        return {
          why: `Every table with a column of ${domain} is read while nobody may write to it (SHARE).`,
          recipe: [
            expand(`ALTER DOMAIN ${domain} ADD CONSTRAINT ${quoted(`${namesIn(alter.typeName).at(-1)}_present`)} CHECK (VALUE IS NOT NULL) NOT VALID`),
            expand(`ALTER DOMAIN ${domain} VALIDATE CONSTRAINT ${quoted(`${namesIn(alter.typeName).at(-1)}_present`)}`),
          ],
        };
      }
      const definition = constraint === undefined ? '' : restOfCommand(operation, constraint.location ?? 0).replace(/^CONSTRAINT\s+\S+\s+/i, '');
      return {
        why: `Every table with a column of ${domain} is read while nobody may write to it (SHARE).`,
        recipe: [
          expand(`ALTER DOMAIN ${domain} ADD CONSTRAINT ${name} ${definition} NOT VALID`),
          code('the values that are there already: VALIDATE reads every table that uses the domain; a CHECK on each table can be validated one at a time'),
        ],
      };
    },
  },
  {
    id: 'domain-with-constraint',
    severity: 'warning',
    refuses: 'CREATE DOMAIN with a CHECK',
    on: ['CreateDomainStmt'],
    check: (operation) => {
      const domain = statementAs(operation, 'CreateDomainStmt');
      if (!(domain?.constraints ?? []).some((node) => ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(nodeAs(node, 'Constraint')?.contype ?? ''))) {
        return undefined;
      }
      return {
        why: 'A column of a domain with a constraint makes ADD COLUMN read or rewrite the table, and its rules can only be changed for all tables at once.',
        recipe: [code('use the plain type, with a CHECK on the table (NOT VALID, then VALIDATE)')],
      };
    },
  },
];

/** A virtual column has values from its start, and each of them is looked at. */
function requiredVirtual(operation: Operation, column: ColumnDef): Problem | undefined {
  const generated = constraintOf(column, 'CONSTR_GENERATED');
  if (generated?.generated_kind !== 'v' || constraintOf(column, 'CONSTR_NOTNULL') === undefined) {
    return undefined;
  }
  const { table = '' } = operation;
  const { head } = columnText(operation, column);
  return {
    why: `The value is worked out for every row of ${table}, to see that none is NULL, while nobody else may read or write it (ACCESS EXCLUSIVE).`,
    recipe: [
      expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${head} GENERATED ALWAYS AS ${expressionText(operation, generated)} VIRTUAL`),
      ...requireColumn(table, column.colname ?? ''),
    ],
  };
}

function enforced(table: string, name: string): Problem {
  return {
    why: `Every row of ${table} is looked up while the table cannot be written to, as when the constraint is added.`,
    recipe: [code(`drop ${name}, add it again as it is, ENFORCED and NOT VALID, and VALIDATE it in a migration of its own`)],
  };
}

/** DROP CONSTRAINT IF EXISTS a, ADD CONSTRAINT a: the way to run an ADD CONSTRAINT once more. */
function addedAgain(node: Node, name: string | undefined): boolean {
  return (nodeAs(node, 'AlterTableStmt')?.cmds ?? []).some((each) => {
    const added = nodeAs(nodeAs(each, 'AlterTableCmd')?.def, 'Constraint');
    return name !== undefined && added?.conname === name;
  });
}

interface NewConstraint {
  readonly constraint: Constraint;
  readonly name: string;
  /** Without its name: `CHECK (a > 0)`. */
  readonly definition: string;
  /** Where it was written behind a new column: that column, without it. */
  readonly column: { readonly name: string; readonly text: string; readonly hasDefault: boolean } | undefined;
}

function newConstraint(operation: Operation, ...types: readonly Constraint['contype'][]): NewConstraint | undefined {
  const { table = '' } = operation;
  const added = addedConstraint(operation);
  if (added !== undefined) {
    const definition = withoutName(restOfCommand(operation, added.location ?? 0), added);
    return types.includes(added.contype) ? { constraint: added, name: constraintName(table, added), definition, column: undefined } : undefined;
  }
  const column = addedColumn(operation);
  const constraint = column === undefined ? undefined : constraintsOf(column).find(({ contype }) => types.includes(contype));
  if (column === undefined || constraint === undefined) {
    return undefined;
  }
  const text = columnText(operation, column);
  const others = text.constraints.filter((each) => each.constraint !== constraint);
  const definition = text.constraints.find((each) => each.constraint === constraint)?.text ?? '';
  return {
    constraint,
    name: constraintName(table, constraint, [column.colname ?? '']),
    definition: withoutName(definition, constraint),
    column: {
      name: column.colname ?? '',
      text: plainColumn(operation, column),
      hasDefault: others.some((each) => each.constraint.contype === 'CONSTR_DEFAULT'),
    },
  };
}

function withoutName(text: string, { conname }: Constraint): string {
  return conname === undefined ? text : text.replace(/^CONSTRAINT\s+("(?:[^"]|"")*"|\S+)\s+/i, '');
}

/** ADD PRIMARY KEY USING INDEX sets its columns NOT NULL, which scans unless they are so already. */
function primaryKeyByIndex(constraint: Constraint | undefined, { tables }: Context): string[] {
  if (constraint?.contype !== 'CONSTR_PRIMARY' || constraint.indexname === undefined) {
    return [];
  }
  return [...(tables.index(constraint.indexname)?.columns ?? [])];
}

function nullsOf({ nulls_not_distinct: notDistinct }: Constraint): string {
  return notDistinct === true ? ' NULLS NOT DISTINCT' : '';
}
