import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { aggregate, AGGREGATE_TYPE, AGGREGATES, EVENT_TYPE, payloadOf, TOPIC, TRACEPARENT } from '../event-stock.js';

const INSERT = `INSERT INTO outbox (id, shard, topic, aggregatetype, aggregateid, version, type, payload, partitionkey,
    correlationid, causationid, traceparent)
  SELECT id, shard, $1, $2, aggregateid, version, $3, payload, aggregateid, $4, aggregateid, $5
  FROM unnest($6::uuid[], $7::smallint[], $8::text[], $9::bigint[], $10::text[])
    AS row (id, shard, aggregateid, version, payload)`;

/**
 * A connection that writes events as a service would, without a service: BEGIN, insert, COMMIT in one go.
 *
 * Its aggregates are its own (those with `index % of === own`), so that connections never wait for one another.
 */
export class OutboxWriter {
  private count = 0;

  private constructor(
    private readonly client: pg.Client,
    private readonly own: number,
    private readonly of: number,
  ) {}

  static async connect(url: string, own: number, of: number): Promise<OutboxWriter> {
    const client = new pg.Client({ connectionString: url, pipeline: true });
    await client.connect();
    return new OutboxWriter(client, own, of);
  }

  /** Commits this many rows in one transaction; `number` is told to the relay as their correlation id. */
  async write(rows: number, number: number, inTransaction: readonly string[] = []): Promise<void> {
    const events = Array.from({ length: rows }, () => this.next());
    await Promise.all([
      this.client.query('BEGIN'),
      this.client.query({
        name: 'insert',
        text: INSERT,
        values: [
          TOPIC,
          AGGREGATE_TYPE,
          EVENT_TYPE,
          String(number),
          TRACEPARENT,
          events.map(() => randomUUID()),
          events.map(({ shard }) => shard),
          events.map(({ id }) => id),
          events.map(({ version }) => version),
          events.map(({ id }) => payloadOf(id)),
        ],
      }),
      ...inTransaction.map((text) => this.client.query(text)),
      this.client.query('COMMIT'),
    ]);
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  private next(): { readonly id: string; readonly shard: number; readonly version: number } {
    const mine = Math.floor(AGGREGATES / this.of);
    const turn = this.count++;
    const { id, shard } = aggregate((turn % mine) * this.of + this.own);
    return { id, shard, version: Math.floor(turn / mine) + 1 };
  }
}
