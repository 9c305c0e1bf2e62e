import { sqlStateOf } from '@waybill/database';
import type { EntityManager } from 'typeorm';

/** Whose key for what: another caller, or another route, may use the same key. */
export interface IdempotencyScope {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

export type IdempotencyOutcome =
  | { readonly kind: 'new' }
  | { readonly kind: 'replay'; readonly answer: unknown }
  | { readonly kind: 'other-body' };

/** The request that owns the key has not ended within the connection's `lock_timeout` (2 s). */
export class IdempotencyKeyBusyError extends Error {
  readonly code = 'IDEMPOTENCY_KEY_BUSY';

  constructor(cause?: unknown) {
    super('A request with the same Idempotency-Key is still being worked on; try again in a second.', { cause });
    this.name = 'IdempotencyKeyBusyError';
  }
}

/**
 * Takes the key in the caller's transaction, with the answer that will be given once it commits.
 *
 * The insert is the whole protocol: of two that come at once, the second waits on the row of the first, and gets the
 * key after all if the first rolls back.
 * @throws IdempotencyKeyBusyError after the wait; a statement has failed then, so the transaction can only end
 */
export async function takeIdempotencyKey(
  manager: EntityManager,
  scope: IdempotencyScope,
  bodyHash: Buffer,
  answer: unknown,
  at: Date,
): Promise<IdempotencyOutcome> {
  const { caller, route, key } = scope;
  try {
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO idempotency_keys (caller, route, key, body_hash, answer, created_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1`,
      [caller, route, key, bodyHash, JSON.stringify(answer), at],
    );
    if (inserted.length === 1) {
      return { kind: 'new' };
    }
  } catch (error) {
    throw sqlStateOf(error) === LOCK_NOT_AVAILABLE ? new IdempotencyKeyBusyError(error) : error;
  }
  const [first] = await manager.query<{ body_hash: Buffer; answer: unknown }[]>(
    'SELECT body_hash, answer FROM idempotency_keys WHERE caller = $1 AND route = $2 AND key = $3',
    [caller, route, key],
  );
  if (first === undefined) {
    // It was there a moment ago and grew too old in between. The caller's next try takes it.
    throw new IdempotencyKeyBusyError();
  }
  return first.body_hash.equals(bodyHash) ? { kind: 'replay', answer: first.answer } : { kind: 'other-body' };
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Removes at most `limit` keys that are older; rows that somebody else is removing are left to them. */
export async function removeIdempotencyKeys(manager: EntityManager, olderThan: Date, limit: number): Promise<number> {
  const [, removed] = await manager.query<[unknown[], number]>(
    `DELETE FROM idempotency_keys WHERE (caller, route, key) IN (
       SELECT caller, route, key FROM idempotency_keys WHERE created_at < $1
        ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [olderThan, limit],
  );
  return removed;
}
