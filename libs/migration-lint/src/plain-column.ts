import type { ColumnDef } from 'libpg-query';
import { volatileCalls } from './expression.js';
import { quoted } from './names.js';
import type { Operation } from './operation.js';
import { columnText } from './sql-text.js';
import { sqlType, typeOfSerial } from './sql-type.js';

/** The part of a new column that can be added at once: its type, and a default that is the same for all rows. */
export function plainColumn(operation: Operation, column: ColumnDef): string {
  const { head, constraints } = columnText(operation, column);
  const keptDefault = constraints.find(({ constraint }) => {
    return constraint.contype === 'CONSTR_DEFAULT' && volatileCalls(constraint.raw_expr).length === 0;
  });
  const notNull = keptDefault === undefined ? undefined : constraints.find(({ constraint }) => constraint.contype === 'CONSTR_NOTNULL');
  const serial = typeOfSerial(sqlType(column.typeName));
  const plain = serial === undefined ? head : `${quoted(column.colname ?? '')} ${serial}`;
  return [plain, keptDefault?.text, notNull?.text].filter((text) => text !== undefined).join(' ');
}
