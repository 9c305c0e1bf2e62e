import { type Service, services } from '@waybill/contracts';
import pg from 'pg';

/*
 * What a service's database does not keep: every row that was ever committed to its outbox and inbox, and every change of
 * its business tables, each with the transaction that wrote it. The prover installs it, and nobody else.
 *
 * Triggers write it within the service's own transaction, so that it knows exactly what was committed. They run with the
 * rights of whoever installed them: the service's login sees nothing of the schema `prove`.
 */

const common = [
  'CREATE SCHEMA prove',
  `CREATE TABLE prove.outbox (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid text NOT NULL DEFAULT pg_current_xact_id()::text, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    id uuid NOT NULL, topic text NOT NULL, aggregatetype text NOT NULL, aggregateid text NOT NULL, version bigint NOT NULL,
    type text NOT NULL, partitionkey text NOT NULL, causationid text, raw boolean NOT NULL)`,
  `CREATE TABLE prove.inbox (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid text NOT NULL DEFAULT pg_current_xact_id()::text, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    consumer text NOT NULL, source text NOT NULL, id uuid NOT NULL, outcome text NOT NULL, topic text NOT NULL,
    partition integer NOT NULL, "offset" bigint NOT NULL, subject text NOT NULL, sequence bigint NOT NULL)`,
  `CREATE TABLE prove.changes (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid text NOT NULL DEFAULT pg_current_xact_id()::text, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_name text NOT NULL, id text NOT NULL, version integer, status text, on_hand integer, reserved integer)`,
  // A row that is put back from the archive was committed before.
  ...written(
    'outbox',
    'AFTER INSERT',
    `INSERT INTO prove.outbox (id, topic, aggregatetype, aggregateid, version, type, partitionkey, causationid, raw)
     VALUES (NEW.id, NEW.topic, NEW.aggregatetype, NEW.aggregateid, NEW.version, NEW.type, NEW.partitionkey, NEW.causationid, NEW.raw IS NOT NULL)`,
  ),
  ...written(
    'inbox',
    'AFTER INSERT',
    `INSERT INTO prove.inbox (consumer, source, id, outcome, topic, partition, "offset", subject, sequence)
     VALUES (NEW.consumer, NEW.source, NEW.id, NEW.outcome, NEW.topic, NEW.partition, NEW."offset", NEW.subject, NEW.sequence)`,
  ),
  // For the fault of late commits: a trigger at the commit, when the row has its number and nobody sees it yet.
  'CREATE TABLE prove.late_commits (share float8 NOT NULL, ms integer NOT NULL)',
  'INSERT INTO prove.late_commits VALUES (0, 0)',
  `CREATE FUNCTION prove.commit_late() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = prove AS
   $$ BEGIN PERFORM pg_sleep(ms / 1000.0) FROM late_commits WHERE random() < share; RETURN NULL; END $$`,
  `CREATE CONSTRAINT TRIGGER prove_late AFTER INSERT ON public.outbox DEFERRABLE INITIALLY DEFERRED
   FOR EACH ROW EXECUTE FUNCTION prove.commit_late()`,
];

const own: Readonly<Record<Service, readonly string[]>> = {
  orders: changed('orders', 'id'),
  inventory: [
    ...changed('reservations', 'order_id'),
    ...written(
      'stock',
      'AFTER INSERT OR UPDATE',
      `INSERT INTO prove.changes (table_name, id, on_hand, reserved)
       VALUES ('stock', NEW.sku, NEW.on_hand - coalesce(OLD.on_hand, 0), NEW.reserved - coalesce(OLD.reserved, 0))`,
    ),
  ],
  shipping: changed('shipments', 'order_id'),
};

/** Installs it in the databases on this server. */
export async function installLedger(adminUrl: string): Promise<void> {
  await Promise.all(
    services.map(async (service) => {
      const client = new pg.Client({ connectionString: inDatabase(adminUrl, service) });
      client.on('error', () => undefined);
      await client.connect();
      try {
        await client.query([...common, ...own[service]].join(';\n'));
      } finally {
        await client.end();
      }
    }),
  );
}

/** The administrator's address of another database on the same server. */
export function inDatabase(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

function changed(table: string, id: string): string[] {
  return written(
    table,
    'AFTER INSERT OR UPDATE OF status, version',
    `INSERT INTO prove.changes (table_name, id, version, status) VALUES ('${table}', NEW.${id}::text, NEW.version, NEW.status)`,
  );
}

function written(table: string, when: string, statement: string): string[] {
  return [
    `CREATE FUNCTION prove.${table}_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = prove AS
     $$ BEGIN ${statement}; RETURN NULL; END $$`,
    `CREATE TRIGGER prove_written ${when} ON public.${table} FOR EACH ROW EXECUTE FUNCTION prove.${table}_written()`,
  ];
}
