import { addedConstraint, type Operation, statementAs } from './operation.js';
import { nodeAs } from './parse.js';
import type { LockMode } from './transaction.js';

/** Commands of ALTER TABLE that let others write meanwhile; all the rest takes ACCESS EXCLUSIVE. */
const LENIENT = new Set([
  'AT_ValidateConstraint',
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_AttachPartition',
  'AT_DetachPartitionFinalize',
]);

/** The numbers in LOCK TABLE's tree, from PostgreSQL's lockdefs.h. */
const LOCK_MODES: Readonly<Record<number, LockMode>> = {
  3: 'ROW EXCLUSIVE',
  4: 'SHARE UPDATE EXCLUSIVE',
  5: 'SHARE',
  6: 'SHARE ROW EXCLUSIVE',
  7: 'EXCLUSIVE',
  8: 'ACCESS EXCLUSIVE',
};

/** The lock that an operation takes on its table; undefined for none that anybody waits for. */
export function lockOf(operation: Operation): LockMode | undefined {
  const { kind } = operation;
  if (kind.startsWith('AT_')) {
    return lockOfAlterTable(operation);
  }
  switch (kind) {
    case 'IndexStmt':
      return statementAs(operation, kind)?.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE';
    case 'CreateTrigStmt':
      return 'SHARE ROW EXCLUSIVE';
    case 'LockStmt':
      return LOCK_MODES[statementAs(operation, kind)?.mode ?? 0];
    case 'DropStmt:OBJECT_INDEX':
      return statementAs(operation, 'DropStmt')?.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
    case 'DropStmt:OBJECT_TABLE':
    case 'DropStmt:OBJECT_TRIGGER':
    case 'DropStmt:OBJECT_POLICY':
    case 'DropStmt:OBJECT_RULE':
    case 'RenameStmt:OBJECT_TABLE':
    case 'RenameStmt:OBJECT_COLUMN':
    case 'TruncateStmt':
    case 'ClusterStmt':
    case 'RuleStmt':
    case 'CreatePolicyStmt':
    case 'AlterPolicyStmt':
      return 'ACCESS EXCLUSIVE';
    case 'RefreshMatViewStmt':
      return statementAs(operation, kind)?.concurrent === true ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE';
    case 'VacuumStmt':
      return isFull(operation) ? 'ACCESS EXCLUSIVE' : undefined;
    default:
      return undefined;
  }
}

function lockOfAlterTable(operation: Operation): LockMode {
  const { kind, command } = operation;
  if (LENIENT.has(kind)) {
    return 'SHARE UPDATE EXCLUSIVE';
  }
  if (/^AT_(Enable|Disable)(Always|Replica)?Trig/.test(kind) || addedConstraint(operation)?.contype === 'CONSTR_FOREIGN') {
    return 'SHARE ROW EXCLUSIVE';
  }
  if (kind === 'AT_DetachPartition') {
    return nodeAs(command?.def, 'PartitionCmd')?.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
  }
  return 'ACCESS EXCLUSIVE';
}

/** Of VACUUM. */
export function isFull(operation: Operation): boolean {
  return (statementAs(operation, 'VacuumStmt')?.options ?? []).some((node) => nodeAs(node, 'DefElem')?.defname === 'full');
}
