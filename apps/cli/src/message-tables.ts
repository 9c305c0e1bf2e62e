import pg from 'pg';

export interface OutboxBacklog {
  /** Committed, not yet acknowledged by Kafka. */
  readonly waiting: number;
  /** Of these: held back because the broker refuses them. */
  readonly held: number;
  readonly oldestAgeMs: number | null;
}

export interface MessageTables {
  readonly outbox: OutboxBacklog;
  /** Events that were handled, by outcome: done, stale, discarded. */
  readonly inbox: Readonly<Record<string, number>>;
  /** Only of the service that has orders: how many there are in each status. */
  readonly orders?: Readonly<Record<string, number>>;
}

const TIMEOUT_MS = 5_000;

/** Counts in a service's own database, with the service's own login. */
export async function readMessageTables(service: string, url: string): Promise<MessageTables> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    statement_timeout: TIMEOUT_MS,
    application_name: 'waybill-cli',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const outbox = await client.query<{ waiting: string; held: string; age: string | null }>(
      `SELECT count(*) AS waiting, count(*) FILTER (WHERE held) AS held,
              extract(epoch FROM clock_timestamp() - min(occurred_at)) * 1000 AS age FROM outbox`,
    );
    const [row] = outbox.rows;
    return {
      outbox: {
        waiting: Number(row?.waiting ?? 0),
        held: Number(row?.held ?? 0),
        oldestAgeMs: row?.age == null ? null : Math.round(Number(row.age)),
      },
      inbox: await countBy(client, 'SELECT outcome AS name, count(*) FROM inbox GROUP BY 1 ORDER BY 1'),
      ...(service === 'orders'
        ? { orders: await countBy(client, 'SELECT status AS name, count(*) FROM orders GROUP BY 1 ORDER BY 1') }
        : {}),
    };
  } finally {
    await client.end();
  }
}

async function countBy(client: pg.Client, query: string): Promise<Record<string, number>> {
  const { rows } = await client.query<{ name: string; count: string }>(query);
  return Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));
}
