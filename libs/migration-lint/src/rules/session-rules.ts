import { lockOf } from '../lock-mode.js';
import { type Operation, statementAs } from '../operation.js';
import { nodeAs } from '../parse.js';
import { code } from '../recipe.js';
import type { Context, Rule, ScriptRule } from '../rule.js';
import { stopsWriters } from '../transaction.js';

/** A longer wait for a lock is a longer stall of everybody behind it. */
const LOCK_TIMEOUT_MAX_MS = 2_000;
const STATEMENT_TIMEOUT_MAX_MS = 60 * 60_000;

export const sessionRules: readonly Rule[] = [
  {
    id: 'lock-timeout',
    severity: 'error',
    refuses: `a wait for a lock without a limit, or with one above ${LOCK_TIMEOUT_MAX_MS} ms`,
    on: ['*'],
    check: (operation, context) =>
      timeoutMissing(operation, context, 'lock_timeout')
        ? {
            why: `While it waits for its lock on ${operation.table ?? 'the table'}, behind one long query, everybody who comes after it waits, too: readers and writers.`,
            recipe: [code(`before it: SET lock_timeout = '1s'; and try again when it fails with 55P03. As a migration it has that from the runner.`)],
          }
        : switchedOff(operation, 'lock_timeout'),
  },
  {
    id: 'statement-timeout',
    severity: 'warning',
    refuses: 'a statement without a limit to its run time',
    on: ['*'],
    check: (operation, context) =>
      timeoutMissing(operation, context, 'statement_timeout')
        ? {
            why: 'Once it has its lock it may keep it for as long as it takes, and nobody ends it.',
            recipe: [code(`before it: SET statement_timeout = '15s'. As a migration it has that from the runner.`)],
          }
        : switchedOff(operation, 'statement_timeout'),
  },
  {
    id: 'transaction-control',
    severity: 'error',
    refuses: 'BEGIN, COMMIT or ROLLBACK in a migration',
    on: ['TransactionStmt'],
    alsoOnNewTables: true,
    check: (_operation, { script }) =>
      script.migration === undefined
        ? undefined
        : {
            why: 'The runner opens and ends the transaction, and writes into it that the migration has run: after a COMMIT of your own, a failure leaves half of it behind.',
            recipe: [code('take it out; `transaction = false` runs each statement by itself')],
          },
  },
];

export const sessionScriptRules: readonly ScriptRule[] = [
  {
    id: 'declared-lock-timeout',
    severity: 'error',
    refuses: `lockTimeoutMs of 0, or above ${LOCK_TIMEOUT_MAX_MS} in a transaction`,
    check: ({ migration, transaction }) => {
      const ms = migration?.lockTimeoutMs;
      return ms === undefined || (ms > 0 && (!transaction || ms <= LOCK_TIMEOUT_MAX_MS))
        ? undefined
        : {
            why: `lockTimeoutMs is ${ms}${ms === 0 ? ', which means for ever' : ''}: everybody who comes after a waiting statement waits as long.`,
            recipe: [code(`500 to ${LOCK_TIMEOUT_MAX_MS}, or leave it away (500): the runner tries again`)],
          };
    },
  },
  {
    id: 'declared-statement-timeout',
    severity: 'error',
    refuses: 'statementTimeoutMs of 0, or above an hour',
    check: ({ migration }) => {
      const ms = migration?.statementTimeoutMs;
      return ms === undefined || (ms > 0 && ms <= STATEMENT_TIMEOUT_MAX_MS)
        ? undefined
        : {
            why: `statementTimeoutMs is ${ms}${ms === 0 ? ', which means for ever' : ''}: a statement that hangs holds its lock, and the deployment.`,
            recipe: [code(`what the rehearsal has measured, times three; at most ${STATEMENT_TIMEOUT_MAX_MS}`)],
          };
    },
  },
  {
    id: 'open-transaction',
    severity: 'error',
    refuses: 'a file that begins a transaction and does not end it',
    check: (script, operations) => {
      const last = operations.map((operation) => statementAs(operation, 'TransactionStmt')?.kind).findLast((kind) => kind !== undefined);
      return script.migration !== undefined || (last !== 'TRANS_STMT_BEGIN' && last !== 'TRANS_STMT_START')
        ? undefined
        : { why: 'At the end of the session everything in it is rolled back.', recipe: [code('COMMIT at its end')] };
    },
  },
];

function timeoutMissing(operation: Operation, { script, before, tables }: Context, setting: string): boolean {
  if (script.migration !== undefined || operation.table === undefined || tables.isNew(operation.table, script)) {
    return false;
  }
  const needs = (each: Operation): boolean => stopsWriters(lockOf(each)) && each.table !== undefined;
  const last = before.findLast((each) => settingOf(each)?.name === setting);
  const isSet = last !== undefined && settingOf(last)?.off !== true;
  // Said once, at the first statement that would wait.
  return needs(operation) && !isSet && !before.some((each) => needs(each) && !tables.isNew(each.table, script));
}

function switchedOff(operation: Operation, setting: string): ReturnType<Rule['check']> {
  const set = settingOf(operation);
  const resetsAll = statementAs(operation, 'VariableSetStmt')?.kind === 'VAR_RESET_ALL';
  return resetsAll || (set?.name === setting && set.off)
    ? {
        why: `It switches ${setting} off for what comes after it.`,
        recipe: [code('take it out, or declare a longer time-out')],
      }
    : undefined;
}

/** SET, SET LOCAL, RESET, and set_config(). */
function settingOf(operation: Operation): { readonly name: string; readonly off: boolean } | undefined {
  const set = statementAs(operation, 'VariableSetStmt');
  if (set?.name !== undefined) {
    const value = nodeAs(set.args?.[0], 'A_Const');
    return { name: set.name, off: set.kind !== 'VAR_SET_VALUE' || isZero(value?.sval?.sval ?? String(value?.ival?.ival ?? 0)) };
  }
  const [target] = statementAs(operation, 'SelectStmt')?.targetList ?? [];
  const call = nodeAs(nodeAs(target, 'ResTarget')?.val, 'FuncCall');
  const [name, value] = (call?.args ?? []).map((node) => nodeAs(node, 'A_Const')?.sval?.sval);
  const isSetConfig = (call?.funcname ?? []).some((node) => nodeAs(node, 'String')?.sval === 'set_config');
  return isSetConfig && name !== undefined ? { name, off: isZero(value ?? '0') } : undefined;
}

function isZero(value: string): boolean {
  return /^0+\s*(us|ms|s|min|h|d)?$/.test(value.trim());
}
