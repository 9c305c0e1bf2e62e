import type { ColumnDef, Constraint, Node } from 'libpg-query';
import { qualified, tableName } from './names.js';
import { addedColumn, addedConstraint, constraintName, constraintsOf, type Operation, statementAs } from './operation.js';
import { namesIn, nodeAs, nodesIn } from './parse.js';
import type { Script } from './script.js';
import { type SqlType, sqlType } from './sql-type.js';
import type { Transaction } from './transaction.js';

export interface KnownColumn {
  readonly type: SqlType | undefined;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
}

export interface KnownConstraint {
  readonly type: NonNullable<Constraint['contype']>;
  readonly validated: boolean;
  /** Columns that it proves to have no NULL, once it is validated. */
  readonly provesNotNull: readonly string[];
  /** Where it was added, to tell whether that lock is still held. */
  readonly addedIn: Transaction;
}

export interface KnownTable {
  readonly columns: Map<string, KnownColumn>;
  readonly constraints: Map<string, KnownConstraint>;
  /** Its columns, in order; empty when it has none that is known. */
  primaryKey: readonly string[];
  /** The migration that made it, where it cannot have been there before. */
  readonly bornIn: Script | undefined;
  /** Rows were copied into it. */
  filled: boolean;
}

export interface KnownIndex {
  readonly table: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
}

/**
 * What the migrations so far have made of the schema: types of columns, checks and whether they are validated, who made a table.
 *
 * The same ALTER COLUMN TYPE is harmless or a rewrite, depending on the type before; no single statement can tell.
 */
export class KnownTables {
  private readonly tables = new Map<string, KnownTable>();
  private readonly indexes = new Map<string, KnownIndex>();

  table(name: string | undefined): KnownTable | undefined {
    return name === undefined ? undefined : this.tables.get(name);
  }

  column(table: string | undefined, name: string | undefined): KnownColumn | undefined {
    return name === undefined ? undefined : this.table(table)?.columns.get(name);
  }

  index(name: string | undefined): KnownIndex | undefined {
    return name === undefined ? undefined : this.indexes.get(name);
  }

  /** Nobody else knows the table yet, and it has no rows to scan. */
  isNew(name: string | undefined, script: Script): boolean {
    const table = this.table(name);
    return table?.bornIn === script && !table.filled;
  }

  /** Whether the server can take it from a constraint that is validated, without a look at the rows. */
  isProvedNotNull(table: string | undefined, column: string): boolean {
    const known = this.table(table);
    return (
      known?.columns.get(column)?.notNull === true ||
      [...(known?.constraints.values() ?? [])].some(({ validated, provesNotNull }) => validated && provesNotNull.includes(column))
    );
  }

  /** The one column that identifies a row; `id` where it is not known. */
  keyOf(table: string): { readonly column: string; readonly type: SqlType } {
    const known = this.table(table);
    const [column = 'id'] = known?.primaryKey ?? [];
    const bigint = { name: 'int8', modifiers: [], array: false };
    return { column, type: known?.columns.get(column)?.type ?? bigint };
  }

  /** Takes in what an operation does, once it has been judged. */
  apply(operation: Operation, script: Script, transaction: Transaction): void {
    const { kind, table = '', command, object } = operation;
    const known = this.table(table);
    const name = command?.name ?? '';
    switch (kind) {
      case 'CreateStmt':
        this.create(operation, script, transaction);
        break;
      case 'CreateTableAsStmt': {
        const into = tableName(statementAs(operation, 'CreateTableAsStmt')?.into?.rel);
        if (into !== undefined) {
          this.tables.set(into, { ...emptyTable(script), filled: true });
        }
        break;
      }
      case 'InsertStmt':
        if (known !== undefined && readsATable(statementAs(operation, 'InsertStmt')?.selectStmt)) {
          known.filled = true;
        }
        break;
      case 'IndexStmt':
        this.addIndex(operation);
        break;
      case 'DropStmt:OBJECT_TABLE':
        this.tables.delete(table);
        break;
      case 'DropStmt:OBJECT_INDEX':
        this.indexes.delete(object ?? '');
        break;
      case 'RenameStmt:OBJECT_TABLE':
        this.renameTable(operation, known);
        break;
      case 'RenameStmt:OBJECT_COLUMN':
        renameColumn(operation, known);
        break;
      case 'AT_AddColumn':
        addColumn(known ?? this.newlyMet(table), table, addedColumn(operation), transaction, command?.missing_ok === true);
        break;
      case 'AT_DropColumn':
        known?.columns.delete(name);
        break;
      case 'AT_AlterColumnType':
        changeColumn(known, name, { type: sqlType(nodeAs(command?.def, 'ColumnDef')?.typeName) });
        break;
      case 'AT_SetNotNull':
        changeColumn(known ?? this.newlyMet(table), name, { notNull: true });
        break;
      case 'AT_DropNotNull':
        changeColumn(known, name, { notNull: false });
        break;
      case 'AT_ColumnDefault':
        changeColumn(known, name, { hasDefault: command?.def !== undefined });
        break;
      case 'AT_AddConstraint':
        addConstraint(known ?? this.newlyMet(table), table, addedConstraint(operation), transaction);
        break;
      case 'AT_ValidateConstraint':
        validate(known, name);
        break;
      case 'AT_DropConstraint':
        known?.constraints.delete(name);
        break;
      default:
    }
  }

  /** A table that some migration before ours has made, or somebody by hand. */
  private newlyMet(name: string): KnownTable {
    const table = emptyTable(undefined);
    this.tables.set(name, table);
    return table;
  }

  private create(operation: Operation, script: Script, transaction: Transaction): void {
    const create = statementAs(operation, 'CreateStmt');
    const name = operation.table;
    if (create === undefined || name === undefined || (create.if_not_exists === true && this.tables.has(name))) {
      return;
    }
    // With IF NOT EXISTS it may have been there before, with rows and readers. One that lives for a session is nobody else's.
    const certain = create.if_not_exists !== true || create.relation?.relpersistence === 't';
    const table = emptyTable(certain ? script : undefined);
    this.tables.set(name, table);
    for (const element of create.tableElts ?? []) {
      addColumn(table, name, nodeAs(element, 'ColumnDef'), transaction, !certain);
      addConstraint(table, name, nodeAs(element, 'Constraint'), transaction);
    }
  }

  private addIndex(operation: Operation): void {
    const index = statementAs(operation, 'IndexStmt');
    const { table } = operation;
    if (index?.idxname !== undefined && table !== undefined) {
      const columns = (index.indexParams ?? []).flatMap((param) => nodeAs(param, 'IndexElem')?.name ?? []);
      this.indexes.set(qualified([index.relation?.schemaname, index.idxname]), { table, unique: index.unique === true, columns });
    }
  }

  private renameTable(operation: Operation, known: KnownTable | undefined): void {
    const rename = statementAs(operation, 'RenameStmt');
    if (known !== undefined && operation.table !== undefined) {
      this.tables.delete(operation.table);
      this.tables.set(qualified([rename?.relation?.schemaname, rename?.newname]), known);
    }
  }
}

function emptyTable(bornIn: Script | undefined): KnownTable {
  return { columns: new Map(), constraints: new Map(), primaryKey: [], bornIn, filled: false };
}

function renameColumn(operation: Operation, table: KnownTable | undefined): void {
  const { subname = '', newname = '' } = statementAs(operation, 'RenameStmt') ?? {};
  const column = table?.columns.get(subname);
  if (column !== undefined) {
    table?.columns.delete(subname);
    table?.columns.set(newname, column);
  }
}

function changeColumn(table: KnownTable | undefined, name: string, change: Partial<KnownColumn>): void {
  const column = table?.columns.get(name) ?? { type: undefined, notNull: false, hasDefault: false };
  table?.columns.set(name, { ...column, ...change });
}

function addColumn(
  table: KnownTable | undefined,
  tableName: string,
  column: ColumnDef | undefined,
  transaction: Transaction,
  mayBeThere = false,
): void {
  if (table === undefined || column?.colname === undefined || (mayBeThere && table.columns.has(column.colname))) {
    return;
  }
  const constraints = constraintsOf(column);
  const has = (...types: Constraint['contype'][]): boolean => constraints.some(({ contype }) => types.includes(contype));
  table.columns.set(column.colname, {
    // With IF NOT EXISTS it may be an older column, of another type.
    type: mayBeThere ? undefined : sqlType(column.typeName),
    notNull: !mayBeThere && has('CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'),
    hasDefault: has('CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'),
  });
  for (const constraint of constraints) {
    addConstraint(table, tableName, constraint, transaction, column.colname);
  }
}

function addConstraint(
  table: KnownTable | undefined,
  tableName: string,
  constraint: Constraint | undefined,
  addedIn: Transaction,
  column?: string,
): void {
  const type = constraint?.contype;
  if (table === undefined || constraint === undefined || type === undefined || /DEFAULT|GENERATED|IDENTITY|ATTR|CONSTR_NULL/.test(type)) {
    return;
  }
  const keys = [...namesIn(constraint.keys), ...(column === undefined ? [] : [column])];
  const validated = constraint.skip_validation !== true;
  const provesNotNull = type === 'CONSTR_CHECK' ? notNullIn(constraint.raw_expr) : type === 'CONSTR_NOTNULL' ? keys : [];
  table.constraints.set(constraintName(tableName, constraint, column === undefined ? [] : [column]), { type, validated, provesNotNull, addedIn });
  if (type === 'CONSTR_PRIMARY') {
    table.primaryKey = keys;
  }
  if (validated && (type === 'CONSTR_PRIMARY' || type === 'CONSTR_NOTNULL')) {
    for (const key of keys) {
      changeColumn(table, key, { notNull: true });
    }
  }
}

function validate(table: KnownTable | undefined, name: string): void {
  const constraint = table?.constraints.get(name);
  if (table === undefined || constraint === undefined) {
    return;
  }
  table.constraints.set(name, { ...constraint, validated: true });
  if (constraint.type === 'CONSTR_NOTNULL') {
    for (const column of constraint.provesNotNull) {
      changeColumn(table, column, { notNull: true });
    }
  }
}

/** The columns of `a IS NOT NULL AND b IS NOT NULL`. */
function notNullIn(expression: Node | undefined): string[] {
  const test = nodeAs(expression, 'NullTest');
  if (test?.nulltesttype === 'IS_NOT_NULL') {
    return namesIn(nodeAs(test.arg, 'ColumnRef')?.fields).slice(-1);
  }
  const both = nodeAs(expression, 'BoolExpr');
  return both?.boolop === 'AND_EXPR' ? (both.args ?? []).flatMap(notNullIn) : [];
}

/** Whether a query takes its rows from a table, and not from the values that it names. */
export function readsATable(query: Node | undefined): boolean {
  return [...nodesIn(query)].some(({ kind }) => kind === 'RangeVar');
}
