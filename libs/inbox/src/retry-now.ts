import type { EntityManager } from 'typeorm';
import { writeAudit } from './audit.js';
import type { Operator } from './dead-events.js';
import type { EventKey } from './parking.js';

export type RetryNowResult = 'retrying' | 'not-closed' | 'dead';

/** The head of a key is tried at once, instead of at its next attempt; its attempts count on. A dead one stays as it is. */
export async function retryNow(
  manager: EntityManager,
  { consumer, topic, key }: EventKey & { readonly consumer: string },
  { who, reason }: Operator,
): Promise<RetryNowResult> {
  const [closed] = await manager.query<{ state: 'retrying' | 'dead' }[]>(
    'SELECT state FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3 FOR UPDATE',
    [consumer, topic, key],
  );
  if (closed?.state !== 'retrying') {
    return closed === undefined ? 'not-closed' : 'dead';
  }
  await manager.query(
    'UPDATE parked_keys SET next_attempt_at = least(next_attempt_at, now()) WHERE consumer = $1 AND topic = $2 AND key = $3',
    [consumer, topic, key],
  );
  await writeAudit(manager, { who, action: 'parked.retry', subject: { consumer, topic, key }, reason });
  return 'retrying';
}
