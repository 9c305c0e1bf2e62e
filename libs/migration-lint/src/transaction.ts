/** What PostgreSQL calls them; the stronger, the more it keeps out. https://www.postgresql.org/docs/18/explicit-locking.html */
export type LockMode =
  | 'ACCESS EXCLUSIVE'
  | 'EXCLUSIVE'
  | 'SHARE ROW EXCLUSIVE'
  | 'SHARE'
  | 'SHARE UPDATE EXCLUSIVE'
  | 'ROW EXCLUSIVE';

/** What is done together, and keeps its locks until the end: a transaction, or one statement by itself. */
export class Transaction {
  /** Tables that others read and write, with the strong lock on them that is held until the end. */
  readonly locked = new Map<string, LockMode>();
  readonly droppedViews = new Set<string>();

  constructor(
    /** False: one statement by itself. */
    readonly several: boolean,
    /** Of one statement that holds others, such as DO: it ends with it. */
    readonly ofOneStatement = false,
  ) {}
}

/** Locks that make writers wait. */
export function stopsWriters(lock: LockMode | undefined): boolean {
  return lock === 'ACCESS EXCLUSIVE' || lock === 'EXCLUSIVE' || lock === 'SHARE ROW EXCLUSIVE' || lock === 'SHARE';
}
