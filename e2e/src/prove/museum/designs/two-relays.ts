import type { OutboxRow } from '@waybill/outbox';
import { replaceRelay, ROW } from '../naive-relay.js';

const NEXT = `SELECT ${ROW} FROM outbox ORDER BY seq LIMIT 10 FOR UPDATE SKIP LOCKED`;

/*
 * Two relays on one outbox that lock rows, and claim no aggregate.
 *
 * It looks right because SKIP LOCKED is made for queues: no row is sent by two at a time, and two relays are twice as
 * fast. But an outbox is no queue. One relay holds version 1 of an order, the other one skips it, takes version 2, and is
 * quicker; or the first one's send fails, and version 1 comes after version 2.
 *
 * Who: MassTransit's outbox with more than one delivery service loses the order of messages (#3512). Without even the
 * row lock it is no better: then everything is sent twice.
 */
export function install(): void {
  replaceRelay(async (client, send) => {
    await client.query('BEGIN');
    try {
      const { rows } = await client.query<OutboxRow>(NEXT);
      if (rows.length > 0) {
        await send(rows);
        await client.query('DELETE FROM outbox WHERE seq = ANY ($1)', [rows.map(({ seq }) => seq)]);
      }
      await client.query('COMMIT');
      return rows.length;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
  });
}
