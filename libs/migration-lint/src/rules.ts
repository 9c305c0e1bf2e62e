import type { Rule, ScriptRule } from './rule.js';
import { adviceRules } from './rules/advice-rules.js';
import { columnRules } from './rules/column-rules.js';
import { constraintRules } from './rules/constraint-rules.js';
import { dataRules } from './rules/data-rules.js';
import { indexRules } from './rules/index-rules.js';
import { phaseRules, phaseScriptRules } from './rules/phase-rules.js';
import { removalRules } from './rules/removal-rules.js';
import { sessionRules, sessionScriptRules } from './rules/session-rules.js';
import { tableRules } from './rules/table-rules.js';

/** Every rule that looks at one operation. */
export const rules: readonly Rule[] = [
  ...indexRules,
  ...constraintRules,
  ...columnRules,
  ...removalRules,
  ...tableRules,
  ...dataRules,
  ...phaseRules,
  ...sessionRules,
  ...adviceRules,
];

/** Every rule that looks at a migration as a whole. */
export const scriptRules: readonly ScriptRule[] = [...phaseScriptRules, ...sessionScriptRules];

/** What no rule of ours decides: the grammar, what is beyond our sight, and the ignores themselves. */
export const builtIn = {
  'syntax-error': { severity: 'error', refuses: 'what PostgreSQL 18 cannot parse' },
  unjudged: { severity: 'error', refuses: 'a statement that no rule knows, SQL that is put together at run time, a call of the query runner but query()' },
  'ignore-incomplete': { severity: 'error', refuses: 'an ignore without a reason, or without a day within a year' },
  'ignore-expired': { severity: 'error', refuses: 'an ignore whose day is over' },
  'ignore-unused': { severity: 'error', refuses: 'an ignore of a rule that is not broken, or that there is not' },
} as const;

/** Kinds of operation that harm nobody, or only in ways that some rule above looks for. All others are refused as unjudged. */
export const JUDGED: ReadonlySet<string> = new Set([
  ...rules.flatMap(({ on }) => on).filter((kind) => kind !== '*'),
  'AT_AddIdentity',
  'AT_ChangeOwner',
  'AT_ClusterOn',
  'AT_DetachPartitionFinalize',
  'AT_DropCluster',
  'AT_DropExpression',
  'AT_DropIdentity',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaTrig',
  'AT_EnableTrig',
  'AT_EnableTrigAll',
  'AT_EnableTrigUser',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
  'AT_ReplicaIdentity',
  'AT_ResetOptions',
  'AT_ResetRelOptions',
  'AT_SetCompression',
  'AT_SetIdentity',
  'AT_SetOptions',
  'AT_SetRelOptions',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_ValidateConstraint',
  'ALTER:OBJECT_INDEX:AT_AttachPartition',
  'ALTER:OBJECT_INDEX:AT_SetRelOptions',
  'ALTER:OBJECT_SEQUENCE:AT_ChangeOwner',
  'ALTER:OBJECT_TYPE:AT_AddColumn',
  'ALTER:OBJECT_VIEW:AT_ChangeOwner',
  'ALTER:OBJECT_VIEW:AT_ColumnDefault',
  'ALTER:OBJECT_VIEW:AT_SetRelOptions',
  'AlterDefaultPrivilegesStmt',
  'AlterFunctionStmt',
  'AlterOwnerStmt',
  'AlterPolicyStmt',
  'AlterSeqStmt',
  'CommentStmt',
  'CompositeTypeStmt',
  'CreateEnumStmt',
  'CreateExtensionStmt',
  'CreateFunctionStmt',
  'CreatePolicyStmt',
  'CreateRangeStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateStatsStmt',
  'CreateTableAsStmt',
  'CreateTrigStmt',
  'DefineStmt',
  'DoStmt',
  'GrantRoleStmt',
  'NotifyStmt',
  'RenameStmt:OBJECT_INDEX',
  'RenameStmt:OBJECT_TABCONSTRAINT',
  'RenameStmt:OBJECT_TRIGGER',
  'VariableShowStmt',
  'ViewStmt',
]);
