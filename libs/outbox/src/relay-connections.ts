import type pg from 'pg';
import { prepareForReading } from './outbox-batch.js';
import { settleWithin } from './settle-within.js';

const CLOSE_TIMEOUT_MS = 1_000;

/** Rows on one connection, leases on the other: a slow read cannot delay a renewal. */
export interface RelayConnections {
  readonly rows: pg.Client;
  readonly leases: pg.Client;
}

export async function openConnections(connect: () => Promise<pg.Client>): Promise<RelayConnections> {
  const rows = await connect();
  const leases = await connect().catch(async (error: unknown) => {
    await close(rows);
    throw error;
  });
  const connections = { rows, leases };
  try {
    await prepareForReading(rows);
    await leases.query('SET enable_seqscan = off');
    // A lost delete is only a row sent again; a lost lease would be two relays.
    await leases.query('SET synchronous_commit = on');
    return connections;
  } catch (error) {
    await closeConnections(connections);
    throw error;
  }
}

export async function closeConnections({ rows, leases }: RelayConnections): Promise<void> {
  await Promise.all([close(rows), close(leases)]);
}

async function close(client: pg.Client): Promise<void> {
  await settleWithin(CLOSE_TIMEOUT_MS, 'closing a connection', client.end()).catch(() => undefined);
}
