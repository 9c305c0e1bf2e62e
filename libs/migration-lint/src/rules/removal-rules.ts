import { bare, qualified, quoted } from '../names.js';
import { statementAs } from '../operation.js';
import { nodeAs } from '../parse.js';
import { code, contract, deletion, expand, moveColumn } from '../recipe.js';
import type { Rule } from '../rule.js';
import { withoutWord } from '../sql-text.js';
import { typeText } from '../sql-type.js';

/** What the version before may use by its name, with the word of DROP for it. */
const OBJECTS: Readonly<Record<string, string>> = {
  OBJECT_VIEW: 'VIEW',
  OBJECT_MATVIEW: 'MATERIALIZED VIEW',
  OBJECT_SEQUENCE: 'SEQUENCE',
  OBJECT_TYPE: 'TYPE',
  OBJECT_DOMAIN: 'DOMAIN',
  OBJECT_FUNCTION: 'FUNCTION',
  OBJECT_PROCEDURE: 'PROCEDURE',
  OBJECT_ROUTINE: 'ROUTINE',
  OBJECT_TRIGGER: 'TRIGGER',
  OBJECT_POLICY: 'POLICY',
  OBJECT_RULE: 'RULE',
  OBJECT_SCHEMA: 'SCHEMA',
  OBJECT_EXTENSION: 'EXTENSION',
  OBJECT_FOREIGN_TABLE: 'FOREIGN TABLE',
};
export const DROPPED_OBJECTS = Object.keys(OBJECTS).map((type) => `DropStmt:${type}`);

export const removalRules: readonly Rule[] = [
  {
    id: 'drop-column',
    severity: 'error',
    refuses: 'DROP COLUMN before the contract',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['AT_DropColumn'],
    check: ({ table = '', command }, { script, tables }) => {
      if (script.phase === 'contract') {
        return undefined;
      }
      const name = command?.name ?? '';
      const column = tables.column(table, name);
      return {
        why: `Every statement of the running version that names ${name} fails from the moment it is gone; and there is no way back to its values.`,
        recipe: [
          ...(column?.notNull === true && !column.hasDefault
            ? [code(`a version that no longer writes ${name} needs it to be NULL (or to have a default):`), expand(`ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoted(name)} DROP NOT NULL`)]
            : []),
          code(`roll out a version that neither reads nor writes ${name}`),
          contract(`ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(name)}`),
        ],
      };
    },
  },
  {
    id: 'drop-table',
    severity: 'error',
    refuses: 'DROP TABLE before the contract',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['DropStmt:OBJECT_TABLE'],
    check: ({ table = '' }, { script }) => {
      if (script.phase === 'contract') {
        return undefined;
      }
      return {
        why: `Every statement of the running version that names ${table} fails from the moment it is gone; and there is no way back to its rows.`,
        recipe: [code(`roll out a version that does without ${table}`), contract(`DROP TABLE ${quoted(table)}`)],
      };
    },
  },
  {
    id: 'force-create-table',
    severity: 'error',
    refuses: 'DROP TABLE and CREATE TABLE of the same name, in any phase',
    on: ['CreateStmt'],
    alsoOnNewTables: true,
    check: ({ table = '' }, { before }) => {
      if (!before.some((earlier) => earlier.kind === 'DropStmt:OBJECT_TABLE' && earlier.table === table)) {
        return undefined;
      }
      return {
        why: `Run once more, against a database that is in use, it throws the rows of ${table} away.`,
        recipe: [code(`CREATE TABLE alone; a ${table} that is in the way is dropped by a contract of its own, after somebody has looked at it`)],
      };
    },
  },
  {
    id: 'drop-object',
    severity: 'error',
    refuses: 'dropping a view, type, function, trigger, schema or what else has a name, before the contract',
    on: DROPPED_OBJECTS,
    check: ({ kind, table, object = '', statement }, { script }) => {
      if (script.phase === 'contract') {
        return undefined;
      }
      const word = OBJECTS[kind.slice('DropStmt:'.length)] ?? '';
      return {
        why: `The running version may use ${word.toLowerCase()} ${object}${table === undefined ? '' : ` of ${table}`}: what names it, or counts on what it does, fails.`,
        recipe: [code(`roll out a version that does without ${object}`), contract(withoutWord(statement.text, 'CASCADE'))],
      };
    },
  },
  {
    id: 'revoke',
    severity: 'warning',
    refuses: 'REVOKE before the contract',
    on: ['GrantStmt'],
    check: ({ statement }, { script }) => {
      if (script.phase === 'contract' || nodeAs(statement.node, 'GrantStmt')?.is_grant === true) {
        return undefined;
      }
      return {
        why: 'The running version may need it: from then on its statements fail with 42501.',
        recipe: [code('roll out a version that does without it'), contract(statement.text)],
      };
    },
  },
  {
    id: 'drop-cascade',
    severity: 'error',
    refuses: 'CASCADE, in any phase',
    on: ['DropStmt:OBJECT_TABLE', 'DropStmt:OBJECT_INDEX', ...DROPPED_OBJECTS, 'AT_DropColumn', 'AT_DropConstraint', 'TruncateStmt'],
    check: ({ kind, command, statement, object, table }, { script, tables }) => {
      const behavior = command?.behavior ?? nodeAs(statement.node, 'DropStmt')?.behavior ?? nodeAs(statement.node, 'TruncateStmt')?.behavior;
      if (behavior !== 'DROP_CASCADE' || tables.isNew(table, script)) {
        return undefined;
      }
      const without = withoutWord(statement.text, 'CASCADE');
      return {
        why: `It also takes what nobody has named and no reviewer sees: views, foreign keys${kind === 'TruncateStmt' ? ', the rows of other tables' : ', columns'} that depend on ${object ?? table ?? 'it'}.`,
        recipe:
          kind === 'TruncateStmt'
            ? [code('name the tables, and see truncate')]
            : [code('drop by name what depends on it, and then:'), contract(without)],
      };
    },
  },
  {
    id: 'drop-database',
    severity: 'error',
    refuses: 'DROP DATABASE, in any phase',
    on: ['DropdbStmt'],
    check: () => ({
      why: 'No migration may do that: everything is gone, at once and for good.',
      recipe: [code('an operator does it, by hand, with a backup at hand')],
    }),
  },
  {
    id: 'truncate',
    severity: 'error',
    refuses: 'TRUNCATE of a table that is in use',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['TruncateStmt'],
    check: ({ table = '' }, { tables }) => ({
      why: `It takes ACCESS EXCLUSIVE on ${table}, and a transaction that began before sees an empty table (it is not MVCC-safe).`,
      recipe: [deletion(tables, table)],
    }),
  },
  {
    id: 'rename-column',
    severity: 'error',
    refuses: 'RENAME COLUMN, in any phase',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['RenameStmt:OBJECT_COLUMN'],
    check: (operation, context) => {
      const { subname = '', newname = '' } = statementAs(operation, 'RenameStmt') ?? {};
      const { table = '' } = operation;
      const from = context.tables.column(table, subname)?.type;
      const type = from ?? { name: `type_of_${subname}`, modifiers: [], array: false };
      return {
        why: `There is no moment at which both versions work: before it the new one fails on ${newname}, after it the old one on ${subname}.`,
        recipe: [
          ...(from === undefined ? [code(`in the place of ${typeText(type)}, which no migration has told: the type of ${subname}`)] : []),
          ...moveColumn(context.tables, { table, from: subname, to: newname, fromType: type, toType: typeText(type) }),
        ],
      };
    },
  },
  {
    id: 'rename-table',
    severity: 'error',
    refuses: 'RENAME of a table or a view (in a contract: unless a view of that name is dropped in the same transaction)',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['RenameStmt:OBJECT_TABLE', 'RenameStmt:OBJECT_VIEW', 'RenameStmt:OBJECT_MATVIEW', 'RenameStmt:OBJECT_FOREIGN_TABLE'],
    check: (operation, { script, transaction }) => {
      const rename = statementAs(operation, 'RenameStmt');
      const schema = rename?.relation?.schemaname;
      const to = qualified([schema, rename?.newname]);
      const from = qualified([schema, rename?.relation?.relname]);
      if (script.phase === 'contract' && transaction.several && transaction.droppedViews.has(to)) {
        return undefined;
      }
      const kept = operation.kind === 'RenameStmt:OBJECT_TABLE';
      return {
        why: `There is no moment at which both versions work: before it the new one fails on ${to}, after it the old one on ${from}.`,
        recipe: [
          // A view of one table with all its columns can be written to like the table.
          expand(`CREATE VIEW ${quoted(to)} AS SELECT * FROM ${quoted(from)}`),
          code(`grant on ${to} what is granted on ${from}, and roll out a version that uses ${to}`),
          kept
            ? contract(`DROP VIEW ${quoted(to)}`, `ALTER TABLE ${quoted(from)} RENAME TO ${quoted(bare(to))}`)
            : code(`${from} may stay; drop it in a contract once ${to} has its definition`),
        ],
      };
    },
  },
  {
    id: 'rename-object',
    severity: 'error',
    refuses: 'RENAME of a schema, type, function or sequence, in any phase',
    on: ['RenameStmt:OBJECT_SCHEMA', 'RenameStmt:OBJECT_TYPE', 'RenameStmt:OBJECT_FUNCTION', 'RenameStmt:OBJECT_PROCEDURE', 'RenameStmt:OBJECT_SEQUENCE', 'RenameStmt:OBJECT_DOMAIN', 'RenameStmt:OBJECT_ATTRIBUTE', 'AlterObjectSchemaStmt'],
    check: (operation) => {
      const rename = statementAs(operation, 'RenameStmt');
      const [from, to] = rename === undefined ? ['it', 'the new place'] : [rename.subname ?? rename.relation?.relname ?? 'the old name', rename.newname ?? ''];
      const words = `make ${to} beside ${from}, let the new version use it, and drop ${from} in a contract`;
      return {
        why: 'There is no moment at which both versions work: each knows one of the two names only.',
        recipe: [code(rename?.renameType === 'OBJECT_SCHEMA' ? `make the schema ${to} with views of the tables of ${from}, let the new version use it, and move the tables in a contract` : words)],
      };
    },
  },
  {
    id: 'rename-enum-value',
    severity: 'error',
    refuses: 'ALTER TYPE ... RENAME VALUE, in any phase',
    on: ['AlterEnumStmt'],
    check: (operation) => {
      const { oldVal, newVal = '', typeName } = statementAs(operation, 'AlterEnumStmt') ?? {};
      if (oldVal === undefined) {
        return undefined;
      }
      const type = quoted(qualified((typeName ?? []).flatMap((node) => nodeAs(node, 'String')?.sval ?? [])));
      return {
        why: `The version before goes on writing '${oldVal}', which is refused (22P02), and reads '${newVal}', which it does not know.`,
        recipe: [
          expand(`ALTER TYPE ${type} ADD VALUE IF NOT EXISTS '${newVal.replaceAll("'", "''")}'`),
          code(`a version that reads both; then one that writes '${newVal}'; then a backfill of the rows that have '${oldVal}'. A value cannot be taken out of an enum: it stays`),
        ],
      };
    },
  },
];
