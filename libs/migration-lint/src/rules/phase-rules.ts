import { addedColumn, addedConstraint, type Operation, statementAs } from '../operation.js';
import { nodeAs } from '../parse.js';
import { code } from '../recipe.js';
import type { Rule, ScriptRule } from '../rule.js';

export const phaseRules: readonly Rule[] = [
  {
    id: 'expand-in-contract',
    severity: 'warning',
    refuses: 'ADD COLUMN, CREATE TABLE or CREATE INDEX in a contract',
    on: ['AT_AddColumn', 'CreateStmt', 'IndexStmt'],
    alsoOnNewTables: true,
    check: (_operation, { script }) =>
      script.phase === 'contract'
        ? {
            why: 'A contract may run long after the roll-out, or wait for weeks: a version that needs what it adds would be there before it.',
            recipe: [code('an expand of its own, before the roll-out')],
          }
        : undefined,
  },
  {
    id: 'schema-in-backfill',
    severity: 'error',
    refuses: 'any SQL in the `up` of a backfill, whose work is its statement',
    on: ['*'],
    alsoOnNewTables: true,
    check: ({ statement }, { script }) =>
      script.phase === 'backfill' && script.migration !== undefined && statement.from !== 'backfill'
        ? {
            why: 'A backfill runs in batches, beside the traffic, and is taken up again where it was; its `up` has nothing to do.',
            recipe: [code('move it into an expand before the backfill, or a contract after it')],
          }
        : undefined,
  },
];

export const phaseScriptRules: readonly ScriptRule[] = [
  {
    id: 'phase-missing',
    severity: 'error',
    refuses: 'a migration without a declared phase',
    check: ({ migration }) =>
      migration === undefined || migration.declaresPhase
        ? undefined
        : {
            why: 'Whether it may run before the roll-out or only after it is the first thing that a reviewer asks, and the guard.',
            recipe: [code(`readonly phase = 'expand' as const; or 'backfill', or 'contract'`)],
          },
  },
  {
    id: 'phase-mismatch',
    severity: 'error',
    refuses: 'phase backfill without a backfill, or the other way round',
    check: ({ phase, migration }) => {
      if (migration === undefined || (phase === 'backfill') === (migration.backfill !== undefined)) {
        return undefined;
      }
      return migration.backfill === undefined
        ? { why: 'It says backfill and has none, so nothing is filled.', recipe: [code(`readonly backfill = { table: '...', key: 'id', statement: '... WHERE id = ANY ($1::bigint[])' }`)] }
        : { why: `It has a backfill and says ${phase}, so nobody runs it.`, recipe: [code(`readonly phase = 'backfill' as const, and what else it does into a migration of its own`)] };
    },
  },
  {
    id: 'no-way-back',
    severity: 'error',
    refuses: 'an expand whose `down` throws',
    check: ({ phase, migration }) =>
      migration === undefined || phase !== 'expand' || migration.wayBack
        ? undefined
        : {
            why: 'A roll-out that goes wrong is taken back while both versions work; with this migration in the way nobody can.',
            recipe: [code('take back in `down` what `up` has added: nobody but the new version uses it')],
          },
  },
  {
    id: 'not-rerunnable',
    severity: 'error',
    refuses: 'several statements outside a transaction that cannot be run once more',
    check: (script, operations) => {
      if (script.transaction) {
        return undefined;
      }
      const alone = outsideTransactions(operations).filter((operation) => changesSchema(operation));
      const last = alone.at(-1)?.statement;
      const bad = new Set(alone.map(({ statement }) => statement)).size < 2 ? undefined : alone.find((operation) => operation.statement !== last && !canRunAgain(operation, alone));
      return bad === undefined
        ? undefined
        : {
            why: `When a later statement fails, those before it stay; run once more, this one fails because it is done already: ${firstLine(bad.statement.text)}`,
            recipe: [code('IF NOT EXISTS, IF EXISTS, OR REPLACE; for a constraint, ALTER TABLE ... DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c .... Or a migration for each statement, in a transaction')],
          };
    },
  },
];

/** Of a file, what stands between BEGIN and COMMIT is done or not done as a whole. */
function outsideTransactions(operations: readonly Operation[]): Operation[] {
  let open = false;
  return operations.filter((operation) => {
    const kind = statementAs(operation, 'TransactionStmt')?.kind;
    open = kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START' || (open && kind === undefined);
    return !open && kind === undefined && operation.statement.from === 'up';
  });
}

function changesSchema({ kind }: Operation): boolean {
  return /^(AT_|CreateStmt|IndexStmt|DropStmt|RenameStmt|CreateTrigStmt|CreateFunctionStmt|CreateEnumStmt|CreateSeqStmt|CreateSchemaStmt|CreateExtensionStmt|ViewStmt|AlterEnumStmt|CreateDomainStmt|CompositeTypeStmt|CreatePolicyStmt)/.test(kind);
}

function canRunAgain(operation: Operation, among: readonly Operation[]): boolean {
  const { kind, statement, command, table } = operation;
  const { node } = statement;
  switch (kind) {
    case 'AT_AddColumn':
      return command?.missing_ok === true || addedColumn(operation) === undefined;
    case 'AT_DropColumn':
    case 'AT_DropConstraint':
      return command?.missing_ok === true;
    case 'AT_AddConstraint': {
      const name = addedConstraint(operation)?.conname;
      return among.slice(0, among.indexOf(operation)).some((each) => each.kind === 'AT_DropConstraint' && each.table === table && each.command?.name === name);
    }
    case 'CreateTrigStmt':
      return nodeAs(node, 'CreateTrigStmt')?.replace === true;
    case 'CreateFunctionStmt':
      return nodeAs(node, 'CreateFunctionStmt')?.replace === true;
    case 'ViewStmt':
      return nodeAs(node, 'ViewStmt')?.replace === true;
    case 'CreateStmt':
      return nodeAs(node, 'CreateStmt')?.if_not_exists === true;
    case 'IndexStmt':
      return nodeAs(node, 'IndexStmt')?.if_not_exists === true || droppedBefore(operation, among);
    case 'CreateSeqStmt':
      return nodeAs(node, 'CreateSeqStmt')?.if_not_exists === true;
    case 'CreateSchemaStmt':
      return nodeAs(node, 'CreateSchemaStmt')?.if_not_exists === true;
    case 'CreateExtensionStmt':
      return nodeAs(node, 'CreateExtensionStmt')?.if_not_exists === true;
    case 'AlterEnumStmt':
      return nodeAs(node, 'AlterEnumStmt')?.skipIfNewValExists === true;
    default:
      if (kind.startsWith('DropStmt')) {
        return nodeAs(node, 'DropStmt')?.missing_ok === true;
      }
      // ALTER COLUMN ... SET, VALIDATE and their like come to the same the second time.
      return kind.startsWith('AT_');
  }
}

function droppedBefore(operation: Operation, among: readonly Operation[]): boolean {
  const name = nodeAs(operation.statement.node, 'IndexStmt')?.idxname;
  return among.slice(0, among.indexOf(operation)).some((each) => each.kind === 'DropStmt:OBJECT_INDEX' && each.object?.split('.').at(-1) === name);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
