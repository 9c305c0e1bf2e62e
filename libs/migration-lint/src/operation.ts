import type { AlterTableCmd, ColumnDef, Constraint, Node, RangeVar } from 'libpg-query';
import { bare, qualified, tableName } from './names.js';
import { kindOf, namesIn, nodeAs, type NodeKind, type NodeOf, nodesIn, type ParsedStatement, type Position } from './parse.js';

/** A statement where it stands: in a query of `up`, in a block, in a function that may be called. */
export interface Statement extends ParsedStatement {
  readonly query: number;
  readonly from: 'up' | 'backfill' | 'do' | 'function';
  /** Where the query that holds it shows it; a statement inside a block is shown where the block begins. */
  readonly position: Position;
}

/**
 * The smallest thing that a rule looks at: one command of an ALTER TABLE, one object of a DROP, else the whole statement.
 *
 * `kind` is the parser's own name: AT_AddColumn, IndexStmt. DropStmt and RenameStmt carry the kind of object behind a colon.
 */
export interface Operation {
  readonly kind: string;
  readonly statement: Statement;
  /** The existing table that it is about; undefined where it is about none. */
  readonly table: string | undefined;
  /** Of an ALTER TABLE. */
  readonly command: AlterTableCmd | undefined;
  /** Of a DROP: what is dropped, as it is called. */
  readonly object: string | undefined;
}

export function operationsOf(statement: Statement): Operation[] {
  const kind = kindOf(statement.node);
  switch (kind) {
    case 'AlterTableStmt':
      return ofAlterTable(statement);
    case 'DropStmt':
      return ofDrop(statement);
    case 'RenameStmt': {
      const rename = nodeAs(statement.node, 'RenameStmt');
      return [{ ...plain(statement, `RenameStmt:${rename?.renameType ?? ''}`), table: tableName(rename?.relation) }];
    }
    case 'TruncateStmt':
      return (nodeAs(statement.node, 'TruncateStmt')?.relations ?? []).map((relation) => {
        return { ...plain(statement, kind), table: tableName(nodeAs(relation, 'RangeVar')) };
      });
    case 'LockStmt':
      return (nodeAs(statement.node, 'LockStmt')?.relations ?? []).map((relation) => {
        return { ...plain(statement, kind), table: tableName(nodeAs(relation, 'RangeVar')) };
      });
    default:
      return [...changesInWith(statement), { ...plain(statement, kind), table: relationOf(statement.node, kind) }];
  }
}

/** WITH gone AS (DELETE ...) SELECT ...: what is changed there is changed, whatever the statement itself does. */
function changesInWith(statement: Statement): Operation[] {
  const { withClause } = Object.values(statement.node)[0] as { withClause?: { ctes?: Node[] } };
  return (withClause?.ctes ?? []).flatMap((node) => {
    const query = nodeAs(node, 'CommonTableExpr')?.ctequery;
    return query === undefined || kindOf(query) === 'SelectStmt' ? [] : operationsOf({ ...statement, node: query });
  });
}

function plain(statement: Statement, kind: string): Operation {
  return { kind, statement, table: undefined, command: undefined, object: undefined };
}

function ofAlterTable(statement: Statement): Operation[] {
  const alter = nodeAs(statement.node, 'AlterTableStmt');
  const table = tableName(alter?.relation);
  const commands = (alter?.cmds ?? []).flatMap((node) => nodeAs(node, 'AlterTableCmd') ?? []);
  switch (alter?.objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
    case 'OBJECT_MATVIEW':
      return commands.map((command) => ({ ...plain(statement, command.subtype ?? ''), table, command }));
    default:
      // Of an index, a view, a sequence, a composite type: OBJECT_TYPE and so on.
      return commands.map((command) => ({ ...plain(statement, `ALTER:${alter?.objtype}:${command.subtype}`), object: table, command }));
  }
}

function ofDrop(statement: Statement): Operation[] {
  const drop = nodeAs(statement.node, 'DropStmt');
  const type = drop?.removeType ?? '';
  return (drop?.objects ?? []).map((object) => {
    const names = objectNames(object);
    const operation = { ...plain(statement, `DropStmt:${type}`), object: qualified(names) };
    if (type === 'OBJECT_TABLE') {
      return { ...operation, table: qualified(names) };
    }
    // A trigger, a policy or a rule is named behind its table.
    const onTable = type === 'OBJECT_TRIGGER' || type === 'OBJECT_POLICY' || type === 'OBJECT_RULE';
    return onTable ? { ...operation, object: names.at(-1), table: qualified(names.slice(0, -1)) } : operation;
  });
}

function objectNames(object: Node): string[] {
  return [
    ...namesIn([object]),
    ...namesIn(nodeAs(object, 'List')?.items),
    ...namesIn(nodeAs(object, 'TypeName')?.names),
    ...namesIn(nodeAs(object, 'ObjectWithArgs')?.objname),
  ];
}

/** The table that a statement is about, where it names it in a field called `relation` or so. */
function relationOf(node: Node, kind: NodeKind): string | undefined {
  switch (kind) {
    case 'CreateTrigStmt':
    case 'IndexStmt':
    case 'CreateStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'InsertStmt':
    case 'MergeStmt':
    case 'ClusterStmt':
    case 'RuleStmt':
    case 'CopyStmt':
    case 'RefreshMatViewStmt':
      return tableName(fieldsOf(node, kind).relation);
    case 'CreatePolicyStmt':
    case 'AlterPolicyStmt':
      return tableName(fieldsOf(node, kind).table);
    default:
      return undefined;
  }
}

function fieldsOf(node: Node, kind: NodeKind): { readonly relation?: RangeVar; readonly table?: RangeVar } {
  return (node as unknown as Record<string, { relation?: RangeVar; table?: RangeVar }>)[kind] ?? {};
}

/** The statement itself, when it is of this kind. */
export function statementAs<K extends NodeKind>({ statement }: Operation, kind: K): NodeOf<K> | undefined {
  return nodeAs(statement.node, kind);
}

/** Of ADD COLUMN. */
export function addedColumn({ kind, command }: Operation): ColumnDef | undefined {
  return kind === 'AT_AddColumn' ? nodeAs(command?.def, 'ColumnDef') : undefined;
}

/** Of ADD CONSTRAINT. */
export function addedConstraint({ kind, command }: Operation): Constraint | undefined {
  return kind === 'AT_AddConstraint' ? nodeAs(command?.def, 'Constraint') : undefined;
}

export function constraintsOf(column: ColumnDef): Constraint[] {
  return (column.constraints ?? []).flatMap((node) => nodeAs(node, 'Constraint') ?? []);
}

export function constraintOf(column: ColumnDef, ...types: readonly Constraint['contype'][]): Constraint | undefined {
  return constraintsOf(column).find(({ contype }) => types.includes(contype));
}

/** What PostgreSQL would call a constraint that has no name. */
export function constraintName(table: string, constraint: Constraint, columns: readonly string[] = []): string {
  const { conname, contype, keys, fk_attrs: foreign, raw_expr: expression } = constraint;
  if (conname !== undefined) {
    return conname;
  }
  const ends: Partial<Record<NonNullable<Constraint['contype']>, string>> = {
    CONSTR_PRIMARY: 'pkey',
    CONSTR_UNIQUE: 'key',
    CONSTR_FOREIGN: 'fkey',
    CONSTR_EXCLUSION: 'excl',
    CONSTR_NOTNULL: 'not_null',
  };
  const on = contype === 'CONSTR_PRIMARY' ? [] : [...namesIn(keys), ...namesIn(foreign), ...columns, ...theColumnIn(columns.length === 0 ? expression : undefined)];
  return [bare(table), ...on, ends[contype ?? 'CONSTR_CHECK'] ?? 'check'].join('_');
}

/** A CHECK is named after its column when it is about one only. */
function theColumnIn(expression: Node | undefined): string[] {
  const names = [...nodesIn(expression)].flatMap(({ kind, node }) => (kind === 'ColumnRef' ? namesIn((node as { fields?: Node[] }).fields).slice(-1) : []));
  return new Set(names).size === 1 ? names.slice(0, 1) : [];
}
