import type { OutboxRow } from './outbox-batch.js';
import type { RelayDeath } from './shard-leases.js';

/*
 * Which rows may have killed a relay.
 *
 * A process that dies while it sends leaves a note of what it was sending. Most deaths have nothing to do with it. So
 * the next relay sends those rows again in half the number, and if it dies, too, its successor in half of that, until
 * the one row is alone that kills whoever sends it. Only deaths during a send of that row *alone* count against it.
 */

/** So many deaths while it was sent alone make a row poison. */
export const LONE_DEATHS_MAX = 3;

/** The rows that were sent alone each time when a process died, and that too often. */
export function poisonous(rows: readonly OutboxRow[], deaths: readonly RelayDeath[]): OutboxRow[] {
  return deaths.length === 0 ? [] : rows.filter(({ seq }) => loneDeaths(Number(seq), deaths) >= LONE_DEATHS_MAX);
}

function loneDeaths(seq: number, deaths: readonly RelayDeath[]): number {
  return deaths.filter((death) => death.rowCount === 1 && death.firstSeq === seq).length;
}

/** The beginning of the rows that may be sent at once: half of the smallest send that somebody died of, if it is here. */
export function halved(rows: readonly OutboxRow[], deaths: readonly RelayDeath[]): readonly OutboxRow[] {
  const here = deaths.filter(({ firstSeq, lastSeq }) =>
    rows.some(({ seq }) => Number(seq) >= firstSeq && Number(seq) <= lastSeq),
  );
  if (here.length === 0) {
    return rows;
  }
  const smallest = Math.min(...here.map(({ rowCount }) => rowCount));
  return rows.slice(0, Math.max(1, Math.floor(smallest / 2)));
}
