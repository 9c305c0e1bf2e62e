import { volatileCalls } from '../expression.js';
import { bare, madeName, quoted } from '../names.js';
import { addedColumn, constraintOf } from '../operation.js';
import { nodeAs } from '../parse.js';
import { plainColumn } from '../plain-column.js';
import { backfill, code, expand, expandAlone, moveColumn, requireColumn } from '../recipe.js';
import type { Rule } from '../rule.js';
import { columnText, expressionText } from '../sql-text.js';
import { isWidening, sqlType, typeOfSerial, typeText } from '../sql-type.js';

export const columnRules: readonly Rule[] = [
  {
    id: 'column-required',
    severity: 'error',
    refuses: 'ADD COLUMN ... NOT NULL without a default',
    on: ['AT_AddColumn'],
    check: (operation, { tables }) => {
      const column = addedColumn(operation);
      if (column === undefined || constraintOf(column, 'CONSTR_NOTNULL') === undefined) {
        return undefined;
      }
      if (constraintOf(column, 'CONSTR_DEFAULT', 'CONSTR_GENERATED', 'CONSTR_IDENTITY') !== undefined || typeOfSerial(sqlType(column.typeName)) !== undefined) {
        return undefined;
      }
      const { table = '' } = operation;
      const name = column.colname ?? '';
      return {
        why: `It fails on the first row that is there (23502); on an empty table, every INSERT of the version before fails, which does not know ${name}.`,
        recipe: [
          code(`where one value fits every row, a constant default is enough: ADD COLUMN ${quoted(name)} ... NOT NULL DEFAULT 0. Else:`),
          expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${plainColumn(operation, column)}`),
          code(`write ${name} in every INSERT`),
          backfill(tables, table, `SET ${quoted(name)} = your_value`, `${quoted(name)} IS NULL`),
          ...requireColumn(table, name),
        ],
      };
    },
  },
  {
    id: 'column-volatile-default',
    severity: 'error',
    refuses: 'ADD COLUMN with a default that differs from row to row, or may',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['AT_AddColumn'],
    check: (operation, { tables }) => {
      const column = addedColumn(operation);
      const byDefault = column === undefined ? undefined : constraintOf(column, 'CONSTR_DEFAULT');
      const calls = volatileCalls(byDefault?.raw_expr);
      if (column === undefined || byDefault === undefined || calls.length === 0) {
        return undefined;
      }
      const { table = '' } = operation;
      const name = quoted(column.colname ?? '');
      const expression = (columnText(operation, column).constraints.find(({ constraint }) => constraint === byDefault)?.text ?? '').replace(/^DEFAULT\s+/i, '');
      return {
        why: `${calls.join(', ')}() is called for each row, so the whole of ${table} and its indexes are written anew while nobody else may read or write it (ACCESS EXCLUSIVE).`,
        recipe: [
          expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${plainColumn(operation, column)}`, `ALTER TABLE ${quoted(table)} ALTER COLUMN ${name} SET DEFAULT ${expression}`),
          backfill(tables, table, `SET ${name} = ${expression}`, `${name} IS NULL`),
          ...(constraintOf(column, 'CONSTR_NOTNULL') === undefined ? [] : requireColumn(table, column.colname ?? '')),
        ],
      };
    },
  },
  {
    id: 'column-auto-increment',
    severity: 'error',
    refuses: 'ADD COLUMN of a serial type, or GENERATED AS IDENTITY',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['AT_AddColumn'],
    check: (operation, { tables }) => {
      const column = addedColumn(operation);
      if (column === undefined || (typeOfSerial(sqlType(column.typeName)) === undefined && constraintOf(column, 'CONSTR_IDENTITY') === undefined)) {
        return undefined;
      }
      const { table = '' } = operation;
      const name = column.colname ?? '';
      const type = typeOfSerial(sqlType(column.typeName)) ?? typeText(sqlType(column.typeName) ?? { name: 'int8', modifiers: [], array: false });
      const sequence = madeName(bare(table), name, 'seq');
      const next = `nextval('${sequence}')`;
      const index = madeName(bare(table), name, 'key');
      return {
        why: `Each row gets a number of its own, so the whole of ${table} and its indexes are written anew while nobody else may read or write it (ACCESS EXCLUSIVE).`,
        recipe: [
          expand(
            `CREATE SEQUENCE ${quoted(sequence)} AS ${type}`,
            `ALTER TABLE ${quoted(table)} ADD COLUMN ${quoted(name)} ${type}`,
            `ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoted(name)} SET DEFAULT ${next}`,
            `ALTER SEQUENCE ${quoted(sequence)} OWNED BY ${quoted(table)}.${quoted(name)}`,
          ),
          tables.keyOf(table).column === name
            ? code(`fill ${name} in batches, by what identifies a row until then: UPDATE ... SET ${quoted(name)} = ${next} ...`)
            : backfill(tables, table, `SET ${quoted(name)} = ${next}`, `${quoted(name)} IS NULL`),
          ...requireColumn(table, name),
          ...(constraintOf(column, 'CONSTR_PRIMARY', 'CONSTR_UNIQUE') === undefined
            ? []
            : [
                expandAlone(`CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ${quoted(index)} ON ${quoted(table)} (${quoted(name)})`),
                expand(`ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${quoted(index)} UNIQUE USING INDEX ${quoted(index)}`),
              ]),
        ],
      };
    },
  },
  {
    id: 'column-stored',
    severity: 'error',
    refuses: 'ADD COLUMN ... GENERATED ALWAYS AS ... STORED, or a new expression for one',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['AT_AddColumn', 'AT_SetExpression'],
    check: (operation, { tables }) => {
      const { table = '', kind, command } = operation;
      if (kind === 'AT_SetExpression') {
        const name = command?.name ?? '';
        return {
          why: `A stored column is worked out for every row: ${table} is written anew while nobody else may read or write it (ACCESS EXCLUSIVE).`,
          recipe: [code(`add a second column with the new expression, VIRTUAL, and read that one in ${name}'s place`), code(`drop ${name} in a contract`)],
        };
      }
      const column = addedColumn(operation);
      const generated = column === undefined ? undefined : constraintOf(column, 'CONSTR_GENERATED');
      if (column === undefined || generated?.generated_kind !== 's') {
        return undefined;
      }
      const { head } = columnText(operation, column);
      const expression = expressionText(operation, generated);
      return {
        why: `It is worked out for every row: ${table} and its indexes are written anew while nobody else may read or write it (ACCESS EXCLUSIVE).`,
        recipe: [
          code('on PostgreSQL 18 a virtual column costs nothing now, and is worked out when it is read:'),
          expand(`ALTER TABLE ${quoted(table)} ADD COLUMN ${head} GENERATED ALWAYS AS ${expression} VIRTUAL`),
          code(`where it must be stored (an index needs that): a plain column, a trigger that fills it, and a backfill, such as`),
          backfill(tables, table, `SET ${quoted(column.colname ?? '')} = ${expression}`),
        ],
      };
    },
  },
  {
    id: 'change-column-type',
    severity: 'error',
    refuses: 'ALTER COLUMN ... TYPE, but for those that PostgreSQL takes without touching a row',
    claim: { lock: 'ACCESS EXCLUSIVE', work: 'rewrites' },
    on: ['AT_AlterColumnType'],
    check: (operation, { tables }) => {
      const { table = '', command } = operation;
      const name = command?.name ?? '';
      const definition = nodeAs(command?.def, 'ColumnDef');
      const to = sqlType(definition?.typeName);
      const from = tables.column(table, name)?.type;
      const plain = definition?.raw_default === undefined && definition?.collClause === undefined;
      if (to === undefined || (plain && from !== undefined && isWidening(from, to))) {
        return undefined;
      }
      const known = from === undefined ? 'No migration that was seen says what type it has now; if it is not one of the few that fit, ' : `From ${typeText(from)} to ${typeText(to)}, `;
      return {
        why: `${known}${table} and its indexes are written anew while nobody else may read or write it (ACCESS EXCLUSIVE); the version before goes on expecting the old type.`,
        recipe: moveColumn(tables, { table, from: name, to: madeName(name, 'new'), fromType: from, toType: typeText(to) }),
      };
    },
  },
  {
    id: 'column-json',
    severity: 'warning',
    refuses: 'ADD COLUMN of type json',
    on: ['AT_AddColumn'],
    check: (operation) => {
      const column = addedColumn(operation);
      const type = sqlType(column?.typeName);
      if (column === undefined || type?.name !== 'json') {
        return undefined;
      }
      const { head } = columnText(operation, column);
      return {
        why: `json has no equality: a SELECT DISTINCT, UNION or GROUP BY over all columns of ${operation.table} in the running version fails as soon as the column is there.`,
        recipe: [expand(`ALTER TABLE ${quoted(operation.table ?? '')} ADD COLUMN ${head.replace(/\bjson\b/i, 'jsonb')}`)],
      };
    },
  },
];
