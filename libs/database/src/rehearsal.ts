/* What `waybill migrate rehearse` uses, and CI; no service loads it. */
export { belongsInLedger, type Ledger, ledgerConditions, type LedgerProblem, ledgerProblems, type Measured } from './rehearsal/measured.js';
export { RehearsalError } from './rehearsal/rehearsal-error.js';
export { type Rehearsal, type RehearsalOptions, rehearse } from './rehearsal/rehearse.js';
