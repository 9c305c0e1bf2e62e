import type { OutboxRow } from '@waybill/outbox';
import { oneAtATime, replaceRelay, ROW } from '../naive-relay.js';

/*
 * A poller that remembers how far it has come: `WHERE id > last`.
 *
 * It looks right because the ids only rise. But an id is drawn at the insert and seen at the commit: a transaction that
 * takes a little longer shows its row when the cursor has gone past it. It needs no fault, only two writers at a time.
 * What lies behind the cursor counts as sent, so the clean-up takes the evidence away.
 *
 * Who: described at event-driven.io; Emmett's own poller (#336). Log sequence numbers have the like (Debezium #7531).
 */
export function install(): void {
  let last = '0';
  replaceRelay(
    oneAtATime(async (client, send) => {
      const { rows } = await client.query<OutboxRow>(`SELECT ${ROW} FROM outbox WHERE seq > $1 ORDER BY seq LIMIT 100`, [last]);
      if (rows.length > 0) {
        await send(rows);
        last = rows.at(-1)?.seq ?? last;
      }
      await client.query('DELETE FROM outbox WHERE seq <= $1', [last]);
      return rows.length;
    }),
  );
}
