import pg from 'pg';
import outbox from 'pg-transactional-outbox';
import { serve, settings } from './channel.mjs';
import { drained } from './drained.mjs';
import { sendOne, stockProducer } from './stock-producer.mjs';

const { DatabaseSetup, getDisabledLogger } = outbox;
const TABLE = 'peer_outbox';
const FUNCTION = 'next_peer_messages';
const SLOT = 'peer_slot';
const PUBLICATION = 'peer_publication';

const admin = new pg.Client({ connectionString: settings.databaseUrl });
await admin.connect();
const producer = await stockProducer();
const connection = { connectionString: settings.databaseUrl };
const common = { outboxOrInbox: 'outbox', database: new URL(settings.databaseUrl).pathname.slice(1), schema: 'public', table: TABLE, listenerRole: 'postgres' };
const byReplication = settings.variant.startsWith('replication');

serve({
  async fill({ rows, payloads }) {
    await admin.query(DatabaseSetup.dropAndCreateTable(common));
    if (byReplication) {
      await dropSlot();
      await admin.query(`DROP PUBLICATION IF EXISTS ${PUBLICATION}`);
      await admin.query(DatabaseSetup.setupReplicationCore({ ...common, publication: PUBLICATION, replicationSlot: SLOT }));
      await admin.query('SELECT pg_create_logical_replication_slot($1, $2)', [SLOT, 'pgoutput']);
    } else {
      const polling = { ...common, nextMessagesName: FUNCTION };
      await admin.query(DatabaseSetup.createPollingFunction(polling));
      await admin.query(DatabaseSetup.setupPollingIndexes(polling));
    }
    await admin.query(
      `INSERT INTO ${TABLE} (id, aggregate_type, aggregate_id, message_type, segment, payload)
       SELECT gen_random_uuid(), 'order', payload ->> 'orderId', 't', payload ->> 'orderId', payload
       FROM (SELECT ($2::jsonb -> (row % jsonb_array_length($2::jsonb))) AS payload FROM generate_series(1, $1::integer) AS row) AS given`,
      [rows, JSON.stringify(payloads)],
    );
    await admin.query(`VACUUM ANALYZE ${TABLE}`);
  },
  drain: ({ rows, timeoutMs }) =>
    drained(rows, timeoutMs, async (published) => {
      const handler = {
        handle: async ({ id, payload }) => {
          await sendOne(producer, id, payload);
          published();
        },
      };
      const settingsOfListener = {
        dbSchema: 'public',
        dbTable: TABLE,
        // What others do not do either is left out.
        enableMaxAttemptsProtection: false,
        enablePoisonousMessageProtection: false,
      };
      const base = { outboxOrInbox: 'outbox', dbListenerConfig: connection };
      const [stop] = byReplication
        ? outbox.initializeReplicationMessageListener(
            { ...base, settings: { ...settingsOfListener, dbPublication: PUBLICATION, dbReplicationSlot: SLOT } },
            handler,
            getDisabledLogger(),
            settings.variant === 'replication-20'
              ? { concurrencyStrategy: outbox.createReplicationSemaphoreConcurrencyController(20) }
              : undefined,
          )
        : outbox.initializePollingMessageListener(
            { ...base, settings: { ...settingsOfListener, nextMessagesFunctionName: FUNCTION } },
            handler,
            getDisabledLogger(),
          );
      return () => stop().catch(() => undefined);
    }),
  async stop() {
    if (byReplication) {
      await dropSlot();
    }
    await producer.disconnect();
    await admin.end();
  },
});

/** A slot that is left would hold the log for ever; one whose reader has just gone is held a moment longer. */
async function dropSlot() {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { rows } = await admin.query('SELECT active FROM pg_replication_slots WHERE slot_name = $1', [SLOT]);
    if (rows.length === 0) {
      return;
    }
    if (!rows[0].active) {
      await admin.query('SELECT pg_drop_replication_slot($1)', [SLOT]);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the replication slot ${SLOT} is still in use`);
}
