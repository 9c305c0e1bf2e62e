import type { OutboxRow } from '@waybill/outbox';
import { oneAtATime, replaceRelay, ROW } from '../naive-relay.js';

const TAKE = `DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT 100) RETURNING ${ROW}`;

/*
 * A relay that marks its rows as sent (here: deletes them) and then sends them.
 *
 * It looks right because one statement finds the rows and makes sure that nobody sends them twice. But it has decided
 * for "at most once": a broker that is away or a process that dies between mark and acknowledgement costs the batch.
 *
 * Who: ABP marked outgoing events although the broker had not confirmed them (#24340); Spring Modulith completed
 * publications that had not been (#395).
 */
export function install(): void {
  replaceRelay(
    oneAtATime(async (client, send) => {
      const { rows } = await client.query<OutboxRow>(TAKE);
      rows.sort((a, b) => Number(a.seq) - Number(b.seq));
      if (rows.length > 0) {
        await send(rows);
      }
      return rows.length;
    }),
  );
}
