import 'reflect-metadata';
import { OutboxClaimer } from '@nest-native/messaging';
import { PostgresOutboxStore } from '@nest-native/messaging/postgres';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { serve, settings } from './channel.mjs';
import { drained } from './drained.mjs';
import { sendOne, stockProducer } from './stock-producer.mjs';

const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: 4 });
const producer = await stockProducer();

serve({
  async fill({ rows, payloads }) {
    await pool.query('DROP TABLE IF EXISTS outbox_events');
    await pool.query(`CREATE TABLE outbox_events (
      id text PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL, status text NOT NULL, attempts integer NOT NULL DEFAULT 0,
      max_attempts integer NOT NULL DEFAULT 10, idempotency_key text, available_at text NOT NULL, claimed_at text, claimed_by text,
      processed_at text, last_error text, created_at text NOT NULL)`);
    await pool.query('CREATE INDEX ON outbox_events (status, available_at)');
    await pool.query(
      `INSERT INTO outbox_events (id, topic, payload, status, available_at, created_at)
       SELECT gen_random_uuid()::text, 't', $2::jsonb -> (row % jsonb_array_length($2::jsonb)), 'pending', $3, $3
       FROM generate_series(1, $1::integer) AS row`,
      [rows, JSON.stringify(payloads), new Date().toISOString()],
    );
    await pool.query('VACUUM ANALYZE outbox_events');
  },
  drain: ({ rows, timeoutMs }) =>
    drained(rows, timeoutMs, async (published) => {
      const claimer = new OutboxClaimer(drizzle(pool), new PostgresOutboxStore(), {
        publish: async ({ id, payload }) => {
          await sendOne(producer, id, payload);
          published();
        },
      });
      let stopped = false;
      const work = (async () => {
        while (!stopped && (await claimer.tick({ workerInstanceId: 'peer' })).claimed > 0) {
          // Again at once: its own loop would wait between two ticks.
        }
      })();
      return async () => {
        stopped = true;
        await work;
      };
    }),
  async stop() {
    await producer.disconnect();
    await pool.end();
  },
});
