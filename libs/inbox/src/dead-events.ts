import type { EntityManager } from 'typeorm';
import { writeAudit } from './audit.js';
import { type EventKey, goOn, headOf, lockKey, unpark } from './parking.js';

/** Who asks for a change, and why. */
export interface Operator {
  readonly who: string;
  readonly reason?: string | undefined;
}

export type RetryDeadResult = 'retrying' | 'not-closed' | 'not-dead';

/**
 * The dead event of a key is tried again, at once and with all its attempts; what waits behind it follows when it
 * succeeds. One that came in before it meanwhile, because a lost event was sent again, goes first.
 */
export async function retryDead(
  manager: EntityManager,
  { consumer, topic, key }: EventKey & { readonly consumer: string },
  { who, reason }: Operator,
): Promise<RetryDeadResult> {
  if (!(await lockKey(manager, consumer, { topic, key }))) {
    return 'not-closed';
  }
  // An UPDATE answers with its rows and their number.
  const [revived] = await manager.query<[{ source: string; id: string }[], number]>(
    `UPDATE parked SET state = 'waiting', attempts = 0, died_at = NULL
      WHERE consumer = $1 AND topic = $2 AND key = $3 AND state = 'dead' RETURNING source, id`,
    [consumer, topic, key],
  );
  if (revived.length === 0) {
    return 'not-dead';
  }
  await goOn(manager, consumer, { topic, key });
  for (const { source, id } of revived) {
    await writeAudit(manager, { who, action: 'dead.retry', subject: { consumer, topic, key, source, id }, reason });
  }
  return 'retrying';
}

export type DiscardResult = 'discarded' | 'not-parked';

/**
 * Gives an event up for good: its dedup row says `discarded`, so that no replay brings it back, and what waits behind it
 * goes on.
 *
 * @throws MissingReasonError without a reason
 */
export async function discard(
  manager: EntityManager,
  { consumer, source, id }: { readonly consumer: string; readonly source: string; readonly id: string },
  { who, reason }: Operator,
): Promise<DiscardResult> {
  if (reason === undefined || reason.trim() === '') {
    throw new MissingReasonError();
  }
  const [parked] = await manager.query<EventKey[]>(
    'SELECT topic, key FROM parked WHERE consumer = $1 AND source = $2 AND id = $3',
    [consumer, source, id],
  );
  if (parked === undefined || !(await lockKey(manager, consumer, parked))) {
    return 'not-parked';
  }
  const head = await headOf(manager, consumer, parked);
  const [event] = await manager.query<{ dead: boolean }[]>(
    `SELECT state = 'dead' AS dead FROM parked WHERE consumer = $1 AND source = $2 AND id = $3`,
    [consumer, source, id],
  );
  const discarded = await manager.query<unknown[]>(
    `INSERT INTO inbox (consumer, source, id, outcome, topic, partition, "offset", subject, sequence)
     SELECT consumer, source, id, 'discarded', topic, partition, "offset", subject, sequence
       FROM parked WHERE consumer = $1 AND source = $2 AND id = $3
     ON CONFLICT DO NOTHING RETURNING true`,
    [consumer, source, id],
  );
  await unpark(manager, consumer, { source, id });
  // A dead event holds up its key even where it is not the head: one that was lost, and sent again, came in before it.
  if (event?.dead === true || (head?.id === id && head.source === source)) {
    await goOn(manager, consumer, parked);
  }
  if (discarded.length === 0) {
    // Its effect had happened already, or another operator was quicker: nothing was given up.
    return 'not-parked';
  }
  await writeAudit(manager, { who, action: 'parked.discard', subject: { consumer, ...parked, source, id }, reason });
  return 'discarded';
}

export class MissingReasonError extends Error {
  readonly code = 'MISSING_REASON';

  constructor() {
    super('An event is discarded only with a reason: whoever asks about its order later must be able to read it.');
    this.name = 'MissingReasonError';
  }
}
