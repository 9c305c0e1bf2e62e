import type { DoStmt } from 'libpg-query';
import type { Finding, Problem, Severity } from './finding.js';
import { withoutIgnored } from './ignores.js';
import { KnownTables } from './known-tables.js';
import { lockOf } from './lock-mode.js';
import { type Operation, operationsOf, type Statement } from './operation.js';
import { kindOf, nodeAs, parseStatements, type Position, SqlSyntaxError } from './parse.js';
import { type InnerSql, sqlInDo, sqlInFunction } from './plpgsql.js';
import { code } from './recipe.js';
import type { Context } from './rule.js';
import { builtIn, JUDGED, rules, scriptRules } from './rules.js';
import { tablesLocked } from './rules/table-rules.js';
import type { Query, Script } from './script.js';
import { stopsWriters, Transaction } from './transaction.js';

export interface LintOptions {
  /** Whether a migration is judged; what is not judged is still read, for what it makes of the schema. */
  readonly judges?: (script: Script) => boolean;
  /** The day that the ignores are measured against. */
  readonly today?: Date;
}

/** Judges scripts that run one after another on the same database, oldest first. */
export function lint(scripts: readonly Script[], { judges = () => true, today = new Date() }: LintOptions = {}): Finding[] {
  const tables = new KnownTables();
  return scripts.flatMap((script) => {
    const found = lintScript(script, tables);
    return judges(script) ? withoutIgnored(script, found, today) : [];
  });
}

function lintScript(script: Script, tables: KnownTables): Finding[] {
  const found: Finding[] = [];
  const before: Operation[] = [];
  let transaction = new Transaction(script.transaction);
  for (const reason of script.migration?.unjudged ?? []) {
    found.push(ofScript(script, 'unjudged', builtIn.unjudged.severity, { why: `${reason}.`, recipe: [] }));
  }
  for (const [index, query] of script.queries.entries()) {
    const { statements, findings } = statementsOf(script, query, index + 1);
    found.push(...findings);
    if (script.migration !== undefined && !script.transaction) {
      // Several statements in one query are a transaction, whether it says so or not.
      transaction = new Transaction(statements.filter(({ from }) => from === 'up' || from === 'backfill').length > 1);
    }
    for (const statement of statements) {
      transaction = transactionAt(statement, transaction, script);
      const context: Context = { script, tables, transaction, before };
      for (const operation of operationsOf(statement)) {
        found.push(...judge(operation, context));
        if (isDoneNow(operation)) {
          tables.apply(operation, script, transaction);
          takeLocks(operation, context);
          before.push(operation);
        }
      }
    }
  }
  for (const rule of scriptRules) {
    const problem = rule.check(script, before);
    if (problem !== undefined) {
      found.push(ofScript(script, rule.id, rule.severity, problem));
    }
  }
  return found;
}

function judge(operation: Operation, context: Context): Finding[] {
  const { kind, statement, table } = operation;
  const { script, tables } = context;
  if (!isDoneNow(operation) && CHANGES_ROWS.has(kind)) {
    return [];
  }
  if (!JUDGED.has(kind)) {
    const why = `No rule knows ${kind}, so nobody can say what it locks.`;
    return [ofStatement(script, statement, 'unjudged', builtIn.unjudged.severity, { why, recipe: [] })];
  }
  const isNew = tables.isNew(table, script);
  return rules
    .filter(({ on, alsoOnNewTables }) => (on.includes(kind) || on.includes('*')) && (!isNew || alsoOnNewTables === true))
    .flatMap((rule) => {
      const problem = rule.check(operation, context);
      return problem === undefined ? [] : [ofStatement(script, statement, rule.id, rule.severity, problem)];
    });
}

/** What a function does with rows is what it is for; when it runs, the migration is over. */
const CHANGES_ROWS = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'VariableSetStmt']);

function isDoneNow({ statement }: Operation): boolean {
  return statement.from !== 'function';
}

/** BEGIN and COMMIT of a file; else each statement by itself, or all of the script together. */
function transactionAt(statement: Statement, current: Transaction, script: Script): Transaction {
  if (statement.from === 'do' || statement.from === 'function') {
    return current;
  }
  switch (nodeAs(statement.node, 'TransactionStmt')?.kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return new Transaction(true);
    case 'TRANS_STMT_COMMIT':
    case 'TRANS_STMT_ROLLBACK':
      return new Transaction(script.transaction);
    default:
      return current.several && !current.ofOneStatement ? current : new Transaction(kindOf(statement.node) === 'DoStmt', true);
  }
}

function takeLocks(operation: Operation, context: Context): void {
  const { transaction } = context;
  const lock = lockOf(operation);
  if (lock !== undefined && stopsWriters(lock)) {
    for (const table of tablesLocked(operation, context)) {
      transaction.locked.set(table, transaction.locked.get(table) ?? lock);
    }
  }
  if (operation.kind === 'DropStmt:OBJECT_VIEW' && operation.object !== undefined) {
    transaction.droppedViews.add(operation.object);
  }
}

/** The statements of a query, with those inside of its blocks and functions behind them. */
function statementsOf(script: Script, query: Query, number: number): { statements: Statement[]; findings: Finding[] } {
  try {
    const outer = parseStatements(query.sql).map((parsed): Statement => ({ ...parsed, query: number, from: query.from }));
    const inner = outer.map((statement) => ({ statement, ...inside(statement) }));
    return {
      statements: inner.flatMap(({ statement, statements }) => [statement, ...statements]),
      findings: inner.flatMap(({ statement, unknown }) =>
        unknown.map((what) => {
          const why = `It holds ${what}: what that does cannot be judged before it runs.`;
          const recipe = [code('write its SQL as statements of the migration')];
          return ofStatement(script, statement, 'unjudged', builtIn.unjudged.severity, { why, recipe });
        }),
      ),
    };
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) {
      throw error;
    }
    return { statements: [], findings: [syntaxFinding(script, query, number, error)] };
  }
}

function inside(statement: Statement): { statements: Statement[]; unknown: readonly string[] } {
  const kind = kindOf(statement.node);
  if (kind !== 'DoStmt' && kind !== 'CreateFunctionStmt') {
    return { statements: [], unknown: [] };
  }
  const from = kind === 'DoStmt' ? 'do' : 'function';
  const { statements, unknown } = innerSql(statement);
  const parsed: Statement[] = [];
  const beyond = [...unknown];
  for (const sql of statements) {
    try {
      parsed.push(...parseStatements(sql).map((each): Statement => ({ ...each, position: statement.position, query: statement.query, from })));
    } catch (error) {
      beyond.push(`SQL that does not parse (${(error as Error).message})`);
    }
  }
  return { statements: parsed, unknown: beyond };
}

function innerSql(statement: Statement): InnerSql {
  const block: DoStmt | undefined = nodeAs(statement.node, 'DoStmt');
  if (block !== undefined) {
    return sqlInDo(block, statement.text);
  }
  return sqlInFunction(nodeAs(statement.node, 'CreateFunctionStmt') ?? {}, statement.text);
}

function ofStatement(script: Script, { text, query, position }: Statement, rule: string, severity: Severity, problem: Problem): Finding {
  return { ...ofScript(script, rule, severity, problem), statement: text, query, position };
}

function ofScript({ name, phase }: Script, rule: string, severity: Severity, problem: Problem): Finding {
  const { why, recipe } = problem;
  return { rule, severity: problem.severity ?? severity, script: name, phase, statement: undefined, query: undefined, position: undefined, why, recipe };
}

function syntaxFinding(script: Script, { sql }: Query, query: number, { message, position }: { message: string; position: Position }): Finding {
  return {
    ...ofScript(script, 'syntax-error', builtIn['syntax-error'].severity, { why: `PostgreSQL refuses it: ${message}.`, recipe: [] }),
    statement: sql,
    query,
    position,
  };
}

