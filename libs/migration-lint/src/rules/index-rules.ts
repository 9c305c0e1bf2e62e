import { bare, madeName, qualified, quoted } from '../names.js';
import { type Operation, statementAs } from '../operation.js';
import { nodeAs } from '../parse.js';
import { code, expandAlone } from '../recipe.js';
import type { Rule } from '../rule.js';
import { indexColumns, withWords } from '../sql-text.js';

const WIDE = 3;

export const indexRules: readonly Rule[] = [
  {
    id: 'index-not-concurrently',
    severity: 'error',
    refuses: 'CREATE INDEX without CONCURRENTLY on a table that is in use',
    claim: { lock: 'SHARE', work: 'scans' },
    on: ['IndexStmt'],
    check: (operation) => {
      const index = statementAs(operation, 'IndexStmt');
      if (index?.concurrent === true) {
        return undefined;
      }
      return {
        why: `It takes a SHARE lock on ${operation.table} and keeps it while all rows are read and sorted: every INSERT, UPDATE and DELETE waits.`,
        recipe: [expandAlone(asRerunnable(operation))],
      };
    },
  },
  {
    id: 'drop-index-not-concurrently',
    severity: 'error',
    refuses: 'DROP INDEX without CONCURRENTLY',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'short' },
    on: ['DropStmt:OBJECT_INDEX'],
    check: ({ object = '', statement }, { tables, script }) => {
      const table = tables.index(object)?.table;
      if (nodeAs(statement.node, 'DropStmt')?.concurrent === true || tables.isNew(table, script)) {
        return undefined;
      }
      return {
        why: `It takes ACCESS EXCLUSIVE on ${table ?? 'the table of the index'}: while it waits for a running query, every other query waits behind it.`,
        recipe: [expandAlone(`DROP INDEX CONCURRENTLY IF EXISTS ${quoted(object)}`)],
      };
    },
  },
  {
    id: 'reindex-not-concurrently',
    severity: 'error',
    refuses: 'REINDEX without CONCURRENTLY',
    claim: { lock: 'SHARE', work: 'scans' },
    on: ['ReindexStmt'],
    check: ({ statement }) => {
      const reindex = nodeAs(statement.node, 'ReindexStmt');
      if ((reindex?.params ?? []).some((node) => nodeAs(node, 'DefElem')?.defname === 'concurrently')) {
        return undefined;
      }
      if (reindex?.kind === 'REINDEX_OBJECT_SYSTEM') {
        return { why: 'It locks the catalogs, which every query reads, and has no concurrent form.', recipe: [code('leave it to an operator, in a maintenance window')] };
      }
      const word = reindex?.kind?.replace('REINDEX_OBJECT_', '') ?? 'INDEX';
      return {
        why: 'Writers wait until the index is built; every query that would use the index waits, too.',
        recipe: [expandAlone(withWords(statement.text, word, 'CONCURRENTLY'))],
      };
    },
  },
  {
    id: 'concurrently-in-transaction',
    severity: 'error',
    refuses: 'CONCURRENTLY, VACUUM and what else no transaction may hold, inside one',
    on: ['IndexStmt', 'DropStmt:OBJECT_INDEX', 'ReindexStmt', 'AT_DetachPartition', 'VacuumStmt', 'CreatedbStmt', 'DropdbStmt', 'AlterSystemStmt'],
    alsoOnNewTables: true,
    check: (operation, { transaction }) => {
      const { kind, statement, command } = operation;
      const isConcurrent =
        nodeAs(statement.node, 'IndexStmt')?.concurrent === true ||
        nodeAs(statement.node, 'DropStmt')?.concurrent === true ||
        nodeAs(command?.def, 'PartitionCmd')?.concurrent === true ||
        (nodeAs(statement.node, 'ReindexStmt')?.params ?? []).some((node) => nodeAs(node, 'DefElem')?.defname === 'concurrently');
      const isVacuum = nodeAs(statement.node, 'VacuumStmt')?.is_vacuumcmd === true;
      const never = isVacuum || ['CreatedbStmt', 'DropdbStmt', 'AlterSystemStmt'].includes(kind);
      if (!transaction.several || !(isConcurrent || never)) {
        return undefined;
      }
      return {
        why: 'PostgreSQL refuses it in a transaction (SQLSTATE 25001), so the migration fails at its first run.',
        recipe: [code('declare `transaction = false`, and let it be the only statement'), expandAlone(kind === 'IndexStmt' ? asRerunnable(operation) : statement.text)],
      };
    },
  },
  {
    id: 'hidden-invalid-index',
    severity: 'warning',
    refuses: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS in a file, with nothing that takes an invalid index away',
    on: ['IndexStmt'],
    check: (operation, { script, before }) => {
      const index = statementAs(operation, 'IndexStmt');
      if (script.migration !== undefined || index?.concurrent !== true || index.if_not_exists !== true || index.idxname === undefined) {
        return undefined;
      }
      const name = qualified([index.relation?.schemaname, index.idxname]);
      if (before.some(({ kind, object }) => kind === 'DropStmt:OBJECT_INDEX' && object === name)) {
        return undefined;
      }
      return {
        why: `A run that failed leaves ${name} behind, invalid: no query uses it, every write pays for it, and IF NOT EXISTS takes it for the real one. (The runner of the migrations drops it; whoever runs a file must do so himself.)`,
        recipe: [expandAlone(`DROP INDEX CONCURRENTLY IF EXISTS ${quoted(name)}`, operation.statement.text)],
      };
    },
  },
  {
    id: 'concurrent-index-unnamed',
    severity: 'error',
    refuses: 'CREATE INDEX CONCURRENTLY in a migration without IF NOT EXISTS and a name',
    on: ['IndexStmt'],
    alsoOnNewTables: true,
    check: (operation, { script }) => {
      const index = statementAs(operation, 'IndexStmt');
      if (script.migration === undefined || index?.concurrent !== true || (index.if_not_exists === true && index.idxname !== undefined)) {
        return undefined;
      }
      return {
        why: 'The runner refuses it: killed between the index and its record, it must be able to run again, and to find by its name what was left behind invalid.',
        recipe: [expandAlone(asRerunnable(operation))],
      };
    },
  },
  {
    id: 'wide-index',
    severity: 'warning',
    refuses: `an index of more than ${WIDE} columns that is not unique`,
    on: ['IndexStmt'],
    alsoOnNewTables: true,
    check: (operation) => {
      const index = statementAs(operation, 'IndexStmt');
      const columns = indexColumns(index?.indexParams ?? []);
      if (index?.unique === true || columns.length <= WIDE) {
        return undefined;
      }
      return {
        why: `Columns behind the ${WIDE}rd rarely help to find rows, and each of them makes every write dearer.`,
        recipe: [code(`put the most selective columns first (${columns.slice(0, WIDE).join(', ')}), and keep a further one only for an order that a query asks for`)],
      };
    },
  },
];

/** CREATE INDEX as the runner wants it: CONCURRENTLY, IF NOT EXISTS, and a name to find it by. */
function asRerunnable(operation: Operation): string {
  const { text } = operation.statement;
  const index = statementAs(operation, 'IndexStmt');
  const concurrently = index?.concurrent === true ? text : withWords(text, 'INDEX', 'CONCURRENTLY');
  if (index?.if_not_exists === true) {
    return concurrently;
  }
  const name = madeName(bare(operation.table ?? ''), ...indexColumns(index?.indexParams ?? []), 'idx');
  return withWords(concurrently, 'CONCURRENTLY', `IF NOT EXISTS${index?.idxname === undefined ? ` ${quoted(name)}` : ''}`);
}
