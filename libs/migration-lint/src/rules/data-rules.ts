import type { Node } from 'libpg-query';
import { unknownCalls } from '../expression.js';
import { readsATable } from '../known-tables.js';
import { bare, quoted } from '../names.js';
import { kindOf, namesIn, nodeAs, nodesIn } from '../parse.js';
import { code } from '../recipe.js';
import type { Rule } from '../rule.js';
import { withCondition } from '../sql-text.js';
import { typeText } from '../sql-type.js';

const CHANGES = ['UpdateStmt', 'DeleteStmt', 'MergeStmt', 'InsertStmt'];

export const dataRules: readonly Rule[] = [
  {
    id: 'change-of-data',
    severity: 'error',
    refuses: 'UPDATE, DELETE, MERGE or INSERT ... SELECT of a table that is in use, outside a backfill',
    on: CHANGES,
    check: ({ kind, table = '', statement }, { tables, script }) => {
      const changed = kind === 'InsertStmt' ? copiedFrom(statement.node) : table;
      if (statement.from === 'backfill' || changed === undefined || tables.isNew(changed, script)) {
        return undefined;
      }
      const { column, type } = tables.keyOf(changed);
      if (namesRows(whereOf(statement.node), column)) {
        return undefined;
      }
      const batch = `${quoted(column)} = ANY ($1::${typeText(type)}[])`;
      const words = `a migration of the phase backfill, with a statement that takes one batch of keys: ... WHERE ${batch}`;
      return {
        why: `One transaction over all rows of ${changed}: it keeps every row that it changes locked until its end, holds back vacuum, and a failure at the last row undoes all of it.`,
        recipe:
          // One that stands in a WITH has no text of its own.
          (kind === 'UpdateStmt' || kind === 'DeleteStmt') && !/^WITH\b/i.test(statement.text)
            ? [{ step: 'backfill', backfill: { table: changed, key: column, statement: withCondition(statement.text, batch) } }]
            : [code(words)],
      };
    },
  },
  {
    id: 'backfill-without-keyset',
    severity: 'error',
    refuses: 'a backfill whose statement does not take its batch by the key: key = ANY ($1)',
    on: ['*'],
    check: ({ statement }, { script, tables }) => {
      const backfill = script.migration?.backfill;
      if (statement.from !== 'backfill' || backfill === undefined) {
        return undefined;
      }
      if (CHANGES.includes(kindOf(statement.node)) && takesBatch(whereOf(statement.node), backfill.key)) {
        return undefined;
      }
      const { type } = tables.keyOf(backfill.table);
      const batch = `${quoted(backfill.key)} = ANY ($1::${typeText(type)}[])`;
      return {
        why: `The batches are keys of ${backfill.table}, in $1. A statement that does not pick its rows by ${backfill.key} = ANY ($1) does all of the work in every batch, or none of it.`,
        recipe: /^(UPDATE|DELETE)\b/i.test(statement.text)
          ? [{ step: 'backfill', backfill: { ...backfill, statement: withCondition(statement.text, batch) } }]
          : [code(`UPDATE ${bare(backfill.table)} SET ... WHERE ${batch}`)],
      };
    },
  },
  {
    id: 'unknown-function',
    severity: 'warning',
    refuses: 'SELECT or CALL of a function that may do anything',
    on: ['SelectStmt', 'CallStmt'],
    alsoOnNewTables: true,
    check: ({ statement }) => {
      const call = nodeAs(statement.node, 'CallStmt')?.funccall;
      const calls = unknownCalls(call === undefined ? statement.node : { FuncCall: call });
      if (calls.length === 0) {
        return undefined;
      }
      return {
        why: `What ${calls.join(', ')}() does cannot be seen here: it may change or lock any table.`,
        recipe: [code('write the statements that it would run into the migration, where they are judged')],
      };
    },
  },
];

function whereOf(node: Node): Node | undefined {
  const change = nodeAs(node, 'UpdateStmt') ?? nodeAs(node, 'DeleteStmt');
  if (change !== undefined) {
    return change.whereClause;
  }
  return nodeAs(nodeAs(node, 'InsertStmt')?.selectStmt, 'SelectStmt')?.whereClause;
}

/** `key = ANY ($1)` as one of the conditions that must all hold; below an OR it would bound nothing. */
function takesBatch(where: Node | undefined, key: string): boolean {
  const all = nodeAs(where, 'BoolExpr');
  if (all !== undefined) {
    return all.boolop === 'AND_EXPR' && (all.args ?? []).some((condition) => takesBatch(condition, key));
  }
  const comparison = nodeAs(where, 'A_Expr');
  const column = namesIn(nodeAs(comparison?.lexpr, 'ColumnRef')?.fields).at(-1);
  const parameters = [...nodesIn(comparison?.rexpr)].filter(({ kind }) => kind === 'ParamRef');
  return comparison?.kind === 'AEXPR_OP_ANY' && namesIn(comparison.name)[0] === '=' && column === key && parameters.length === 1;
}

/** `key = 5`, `key IN (1, 2)`: rows that the migration itself names, a few. */
function namesRows(where: Node | undefined, key: string): boolean {
  const comparison = nodeAs(where, 'A_Expr');
  const column = namesIn(nodeAs(comparison?.lexpr, 'ColumnRef')?.fields).at(-1);
  const values = nodeAs(comparison?.rexpr, 'List')?.items ?? [comparison?.rexpr];
  const isEqual = namesIn(comparison?.name)[0] === '=' && (comparison?.kind === 'AEXPR_OP' || comparison?.kind === 'AEXPR_IN');
  return isEqual && column === key && values.every((value) => nodeAs(value, 'A_Const') !== undefined || nodeAs(nodeAs(value, 'TypeCast')?.arg, 'A_Const') !== undefined);
}

function copiedFrom(node: Node): string | undefined {
  const query = nodeAs(node, 'InsertStmt')?.selectStmt;
  if (!readsATable(query)) {
    return undefined;
  }
  const from = [...nodesIn(query)].find(({ kind }) => kind === 'RangeVar')?.node as { relname?: string } | undefined;
  return from?.relname;
}
