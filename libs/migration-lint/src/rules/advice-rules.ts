import type { ColumnDef } from 'libpg-query';
import type { Recipe } from '../finding.js';
import { addedColumn, constraintOf, type Operation, statementAs } from '../operation.js';
import { namesIn, nodeAs } from '../parse.js';
import { code } from '../recipe.js';
import type { Rule } from '../rule.js';
import { type SqlType, sqlType, typeText } from '../sql-type.js';

const SMALL = new Set(['int2', 'int4', 'serial', 'serial4', 'smallserial', 'serial2']);
const SERIAL = new Set(['serial', 'serial4', 'bigserial', 'serial8', 'smallserial', 'serial2']);

/** What is dear to change later, and free to do right now. */
export const adviceRules: readonly Rule[] = [
  advice('prefer-bigint', 'a key or a sequence of 32 or 16 bits', (column, type, operation) => {
    if (!SMALL.has(type.name) || !(SERIAL.has(type.name) || isKey(column, operation))) {
      return undefined;
    }
    return {
      why: `${typeText(type)} ends at ${/2|small/.test(type.name) ? '32,767' : '2,147,483,647'}, and a key that has run out is changed while the service stands still.`,
      recipe: [code(`${column.colname} bigint`)],
    };
  }),
  advice('prefer-identity', 'serial, where IDENTITY does the same', (column, type) => {
    if (!SERIAL.has(type.name)) {
      return undefined;
    }
    return {
      why: 'The sequence of a serial column has grants and an owner of its own, and anybody may write another number into it.',
      recipe: [code(`${column.colname} bigint GENERATED ALWAYS AS IDENTITY`)],
    };
  }),
  advice('prefer-text', 'varchar(n) and char(n)', (column, type) => {
    if (type.name !== 'bpchar' && (type.name !== 'varchar' || type.modifiers.length === 0)) {
      return undefined;
    }
    return {
      why: type.name === 'bpchar' ? 'char pads with spaces, which come back at comparisons.' : 'A longer text later is a change of the type; a CHECK is a constraint, which can be added and dropped without a rewrite.',
      recipe: [code(`${column.colname} text, with CHECK (length(${column.colname}) <= ${type.modifiers[0] ?? 1}) where there must be a limit`)],
    };
  }),
  advice('prefer-timestamptz', 'timestamp without time zone', (column, type) => {
    if (type.name !== 'timestamp') {
      return undefined;
    }
    return { why: 'It is another moment on every machine whose time zone is another.', recipe: [code(`${column.colname} timestamptz`)] };
  }),
];

function advice(
  id: string,
  refuses: string,
  judge: (column: ColumnDef, type: SqlType, operation: Operation) => { readonly why: string; readonly recipe: Recipe } | undefined,
): Rule {
  return {
    id,
    severity: 'warning',
    refuses,
    on: ['CreateStmt', 'AT_AddColumn'],
    alsoOnNewTables: true,
    check: (operation) => {
      const found = columnsOf(operation).flatMap((column) => {
        const type = sqlType(column.typeName);
        return (type === undefined ? undefined : judge(column, type, operation)) ?? [];
      });
      const [first] = found;
      return first === undefined ? undefined : { why: first.why, recipe: found.flatMap(({ recipe }) => recipe) };
    },
  };
}

function columnsOf(operation: Operation): ColumnDef[] {
  const added = addedColumn(operation);
  const elements = statementAs(operation, 'CreateStmt')?.tableElts ?? [];
  return [...(added === undefined ? [] : [added]), ...elements.flatMap((node) => nodeAs(node, 'ColumnDef') ?? [])];
}

/** The only column of a primary key, or one that numbers itself. One of several columns is rarely what runs out. */
function isKey(column: ColumnDef, operation: Operation): boolean {
  if (constraintOf(column, 'CONSTR_PRIMARY', 'CONSTR_IDENTITY') !== undefined) {
    return true;
  }
  const elements = statementAs(operation, 'CreateStmt')?.tableElts ?? [];
  return elements
    .flatMap((node) => nodeAs(node, 'Constraint') ?? [])
    .some(({ contype, keys }) => contype === 'CONSTR_PRIMARY' && keys?.length === 1 && namesIn(keys)[0] === column.colname);
}

