import type { Envelope, Position } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';

export type HandledEvent = Envelope & Position;

/** What identifies an event: unambiguous, because an id has a fixed length. */
export function identityOf({ source, id }: Pick<Envelope, 'source' | 'id'>): string {
  return `${source} ${id}`;
}

/** ON CONFLICT, because a unique violation that is caught has ended the transaction all the same. */
const REMEMBER = `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence)
  SELECT $1, e.source, e.id, e.topic, e.partition, e."offset", e.subject, e.sequence
    FROM unnest($2::text[], $3::uuid[], $4::text[], $5::integer[], $6::bigint[], $7::text[], $8::bigint[])
      WITH ORDINALITY AS e (source, id, topic, partition, "offset", subject, sequence, place)
   ORDER BY e.place
  ON CONFLICT DO NOTHING
  RETURNING source, id`;

/** Writes the dedup rows of all events in one statement; answers the identities of those that were not there. */
export async function rememberEvents(
  manager: EntityManager,
  consumer: string,
  events: readonly HandledEvent[],
): Promise<ReadonlySet<string>> {
  const fresh = await manager.query<{ source: string; id: string }[]>(REMEMBER, [
    consumer,
    events.map(({ source }) => source),
    events.map(({ id }) => id),
    events.map(({ topic }) => topic),
    events.map(({ partition }) => partition),
    events.map(({ offset }) => offset),
    events.map(({ subject }) => subject),
    events.map(({ version }) => version),
  ]);
  return new Set(fresh.map(identityOf));
}

/** Corrects the outcome of rows that the same transaction has written. */
export async function markStale(
  manager: EntityManager,
  consumer: string,
  events: readonly Pick<Envelope, 'source' | 'id'>[],
): Promise<void> {
  await manager.query(
    `UPDATE inbox SET outcome = 'stale'
       FROM unnest($2::text[], $3::uuid[]) AS e (source, id)
      WHERE inbox.consumer = $1 AND inbox.source = e.source AND inbox.id = e.id`,
    [consumer, events.map(({ source }) => source), events.map(({ id }) => id)],
  );
}
