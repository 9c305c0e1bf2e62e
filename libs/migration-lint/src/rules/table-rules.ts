import { isFull, lockOf } from '../lock-mode.js';
import { qualified, quoted, tableName } from '../names.js';
import { addedColumn, addedConstraint, constraintOf, type Operation, statementAs } from '../operation.js';
import { nodeAs } from '../parse.js';
import { code, expand, expandAlone } from '../recipe.js';
import type { Context, Rule } from '../rule.js';
import { withWords } from '../sql-text.js';
import { stopsWriters } from '../transaction.js';

const MOVES: Readonly<Record<string, string>> = {
  AT_SetTableSpace: 'SET TABLESPACE',
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
};

export const tableRules: readonly Rule[] = [
  {
    id: 'lock-table',
    severity: 'error',
    refuses: 'LOCK TABLE in a mode that keeps writers out',
    on: ['LockStmt'],
    check: (operation) => {
      const lock = lockOf(operation);
      if (!stopsWriters(lock)) {
        return undefined;
      }
      return {
        why: `Writers of ${operation.table} wait until the transaction ends (${lock}), however long the rest of it takes.`,
        recipe: [code('leave it away: each statement takes the lock that it needs, and the runner tries again when it does not get it in time')],
      };
    },
  },
  {
    id: 'rewrite-table',
    severity: 'error',
    refuses: 'VACUUM FULL, CLUSTER, SET TABLESPACE, SET LOGGED/UNLOGGED, SET ACCESS METHOD',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['VacuumStmt', 'ClusterStmt', ...Object.keys(MOVES)],
    check: (operation) => {
      const { kind, statement, table } = operation;
      if (kind === 'VacuumStmt' && !isFull(operation)) {
        return undefined;
      }
      const what = MOVES[kind] ?? (kind === 'ClusterStmt' ? 'CLUSTER' : 'VACUUM FULL');
      const rels = nodeAs(statement.node, 'VacuumStmt')?.rels ?? [];
      const name = table ?? tableName(nodeAs(rels[0], 'VacuumRelation')?.relation);
      return {
        why: `${what} writes ${name ?? 'every table'} and its indexes anew while nobody else may read or write it (ACCESS EXCLUSIVE).`,
        recipe: [
          kind === 'VacuumStmt' && name !== undefined
            ? expandAlone(`VACUUM (ANALYZE) ${quoted(name)}`)
            : code('leave it to an operator, with a tool that does it beside the traffic (pg_repack), or a new table and a backfill'),
        ],
      };
    },
  },
  {
    id: 'refresh-not-concurrently',
    severity: 'error',
    refuses: 'REFRESH MATERIALIZED VIEW without CONCURRENTLY',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['RefreshMatViewStmt'],
    check: (operation) => {
      const refresh = statementAs(operation, 'RefreshMatViewStmt');
      if (refresh?.concurrent === true || refresh?.skipData === true) {
        return undefined;
      }
      return {
        why: `Nobody can read ${operation.table} while its query runs (ACCESS EXCLUSIVE).`,
        recipe: [
          code(`it needs a unique index on ${operation.table}; then readers go on with the old rows:`),
          expandAlone(withWords(operation.statement.text, 'VIEW', 'CONCURRENTLY')),
        ],
      };
    },
  },
  {
    id: 'disable-trigger',
    severity: 'error',
    refuses: 'DISABLE TRIGGER, session_replication_role = replica, DISABLE RULE',
    on: ['AT_DisableTrig', 'AT_DisableTrigAll', 'AT_DisableTrigUser', 'AT_DisableRule', 'VariableSetStmt'],
    check: (operation) => {
      const set = statementAs(operation, 'VariableSetStmt');
      if (set !== undefined && set.name !== 'session_replication_role') {
        return undefined;
      }
      return {
        why: `What the running version writes meanwhile is not checked and not synchronised: foreign keys${operation.table === undefined ? '' : ` of ${operation.table}`} and dual writes are triggers.`,
        recipe: [code('let the trigger itself leave out what it should not see (WHEN, or a condition in its function)')],
      };
    },
  },
  {
    id: 'row-security',
    severity: 'warning',
    refuses: 'ENABLE ROW LEVEL SECURITY in a transaction without a policy',
    on: ['AT_EnableRowSecurity'],
    check: ({ table = '' }, { before }) => {
      if (before.some((earlier) => earlier.kind === 'CreatePolicyStmt' && earlier.table === table)) {
        return undefined;
      }
      return {
        why: `Without a policy the application's role, which is not the owner, sees no row of ${table} and may write none.`,
        recipe: [code(`in one transaction, the policy first: CREATE POLICY ... ON ${table} TO the application's role USING (...), then ENABLE ROW LEVEL SECURITY`)],
      };
    },
  },
  {
    id: 'create-rule',
    severity: 'error',
    refuses: 'CREATE RULE',
    on: ['RuleStmt'],
    check: (operation) => ({
      why: `A rule changes what every statement on ${operation.table} means, also those of the version before, and RETURNING and row counts with it.`,
      recipe: [code('write a trigger')],
    }),
  },
  {
    id: 'attach-partition',
    severity: 'error',
    refuses: 'CREATE TABLE ... PARTITION OF, or ATTACH PARTITION without a CHECK that proves its bounds',
    on: ['CreateStmt', 'AT_AttachPartition'],
    alsoOnNewTables: true,
    check: (operation, { script, tables }) => {
      const create = statementAs(operation, 'CreateStmt');
      if (create !== undefined) {
        const parent = create.partbound === undefined ? undefined : tableName(nodeAs(create.inhRelations?.[0], 'RangeVar'));
        if (parent === undefined || tables.isNew(parent, script)) {
          return undefined;
        }
        const { table = '' } = operation;
        const bounds = /\bFOR\s+VALUES\b[\s\S]*$|\bDEFAULT\b[\s\S]*$/i.exec(operation.statement.text)?.[0] ?? '';
        return {
          why: `It takes ACCESS EXCLUSIVE on ${parent}: every query of every partition waits.`,
          recipe: [expand(`CREATE TABLE ${quoted(table)} (LIKE ${quoted(parent)} INCLUDING ALL)`, `ALTER TABLE ${quoted(parent)} ATTACH PARTITION ${quoted(table)} ${bounds}`)],
        };
      }
      const partition = tableName(nodeAs(operation.command?.def, 'PartitionCmd')?.name);
      const checked = [...(tables.table(partition)?.constraints.values() ?? [])].some(({ type, validated }) => type === 'CONSTR_CHECK' && validated);
      if (partition === undefined || checked || tables.isNew(partition, script)) {
        return undefined;
      }
      return {
        why: `Every row of ${partition} is read, under ACCESS EXCLUSIVE on it, to see whether it belongs there; a CHECK that says so, validated before, spares it.`,
        recipe: [
          expand(`ALTER TABLE ${quoted(partition)} ADD CONSTRAINT ${quoted(`${partition.replace('.', '_')}_bounds`)} CHECK (your_bounds) NOT VALID`),
          expand(`ALTER TABLE ${quoted(partition)} VALIDATE CONSTRAINT ${quoted(`${partition.replace('.', '_')}_bounds`)}`),
          expand(operation.statement.text),
        ],
      };
    },
  },
  {
    id: 'detach-partition',
    severity: 'error',
    refuses: 'DETACH PARTITION without CONCURRENTLY',
    on: ['AT_DetachPartition'],
    check: (operation) => {
      const partition = nodeAs(operation.command?.def, 'PartitionCmd');
      if (partition?.concurrent === true) {
        return undefined;
      }
      return {
        why: `It takes ACCESS EXCLUSIVE on ${operation.table}: every query of every partition waits.`,
        recipe: [expandAlone(`ALTER TABLE ${quoted(operation.table ?? '')} DETACH PARTITION ${quoted(tableName(partition?.name) ?? '')} CONCURRENTLY`)],
      };
    },
  },
  {
    id: 'locks-several-tables',
    severity: 'warning',
    refuses: 'locks that keep writers out of two tables in one transaction',
    on: ['*'],
    check: (operation, context) => {
      const { locked, several } = context.transaction;
      const [other] = locked.keys();
      const next = tablesLocked(operation, context).find((table) => !locked.has(table));
      if (other === undefined || next === undefined || !several || !stopsWriters(lockOf(operation))) {
        return undefined;
      }
      return {
        why: `While it waits for its lock on ${next}, writers of ${other} wait for this transaction; and a transaction of the application that takes them in the other order is a deadlock.`,
        recipe: [code(`a migration for each table: leave ${other} in this one, and move what locks ${next} into the next`)],
      };
    },
  },
  {
    id: 'composite-type',
    severity: 'error',
    refuses: 'ALTER TYPE that drops or changes an attribute',
    on: ['ALTER:OBJECT_TYPE:AT_DropColumn', 'ALTER:OBJECT_TYPE:AT_AlterColumnType'],
    check: (operation) => ({
      why: `The version before still reads and writes ${operation.command?.name} of ${operation.object}; with CASCADE, tables of the type are written anew (ACCESS EXCLUSIVE).`,
      recipe: [code('make a new type, and a new column of it, as for a change of a column’s type')],
    }),
  },
];

/** The tables, existing ones, on which an operation takes a lock that keeps writers out. */
export function tablesLocked(operation: Operation, { tables, script }: Context): string[] {
  const foreign = addedConstraint(operation) ?? foreignOf(operation);
  const referenced = foreign?.contype === 'CONSTR_FOREIGN' ? qualified([foreign.pktable?.schemaname, foreign.pktable?.relname]) : undefined;
  return [operation.table, referenced].filter((table): table is string => table !== undefined && !tables.isNew(table, script));
}

function foreignOf(operation: Operation): ReturnType<typeof addedConstraint> {
  const column = addedColumn(operation);
  return column === undefined ? undefined : constraintOf(column, 'CONSTR_FOREIGN');
}
