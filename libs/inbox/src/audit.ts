import type { EntityManager } from 'typeorm';

/** What an operator did; `reason` is mandatory wherever an event is given up. */
export interface AuditEntry {
  readonly who: string;
  readonly action: string;
  /** What it was done to, by its ids. */
  readonly subject: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
}

/** Writes down a change, in the transaction of the change: there is none without its entry. */
export async function writeAudit(manager: EntityManager, { who, action, subject, reason }: AuditEntry): Promise<void> {
  await manager.query('INSERT INTO audit (who, action, subject, reason) VALUES ($1, $2, $3, $4)', [
    who,
    action,
    JSON.stringify(subject),
    reason ?? null,
  ]);
}

export interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly who: string;
  readonly action: string;
  readonly subject: unknown;
  readonly reason: string | null;
}

/** The newest entries first. */
export async function listAudit(manager: EntityManager, limit: number): Promise<AuditRow[]> {
  return manager.query<AuditRow[]>('SELECT id, at, who, action, subject, reason FROM audit ORDER BY id DESC LIMIT $1', [limit]);
}
