import { type Queryable, rowsOf } from './queryable.js';

/*
 * What the runner itself keeps in each database. It makes the tables at its start, because no migration could: those that
 * are published are never edited, and the guard must see the instances before the first of its migrations runs.
 */
const tables: Readonly<Record<string, string>> = {
  // TypeORM's own, to the letter: databases of older versions have it, and its tools still read it.
  migrations: `CREATE TABLE migrations (
    id        SERIAL NOT NULL CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY,
    timestamp bigint NOT NULL,
    name      character varying NOT NULL
  )`,
  // What TypeORM's table does not say of them: the phase, for builds that do not know the migration, and when.
  schema_phases: `CREATE TABLE schema_phases (
    name       text PRIMARY KEY,
    phase      text NOT NULL CHECK (phase IN ('expand', 'backfill', 'contract')),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  // How far each backfill is: committed with each batch, so that whoever comes next goes on from there.
  schema_backfills: `CREATE TABLE schema_backfills (
    migration   text PRIMARY KEY,
    last_key    text,
    rows_done   bigint NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
  )`,
  // Which processes of the service are alive, and the newest migration that each knows: a contract asks.
  schema_instances: `CREATE TABLE schema_instances (
    process    uuid PRIMARY KEY,
    service    text NOT NULL,
    instance   text NOT NULL,
    version    text NOT NULL,
    schema     bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
};

/** Creates those that are missing. The caller holds the mutex. */
export async function createRunnerTables(database: Queryable): Promise<void> {
  const names = Object.keys(tables);
  const missing = await rowsOf<{ name: string }>(
    database,
    'SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS t (name, place) WHERE to_regclass(name) IS NULL ORDER BY place',
    [names],
  );
  for (const { name } of missing) {
    await database.query(tables[name] ?? '');
  }
}

/** The service writes its heart-beats and reads the rest, whatever the default privileges of the schema gave it. */
export async function grantRunnerTables(database: Queryable, appRole: string): Promise<void> {
  const [wrong] = await rowsOf<{ role: string }>(
    database,
    `SELECT quote_ident(rolname) AS role FROM pg_roles
      WHERE rolname = $1
        AND (EXISTS (SELECT 1 FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
                      WHERE NOT has_table_privilege(rolname, 'schema_instances', p.privilege))
          OR EXISTS (SELECT 1 FROM unnest($2::text[]) AS t (name)
                      WHERE NOT has_table_privilege(rolname, t.name, 'SELECT')
                         OR has_table_privilege(rolname, t.name, 'INSERT')
                         OR has_table_privilege(rolname, t.name, 'UPDATE')
                         OR has_table_privilege(rolname, t.name, 'DELETE')))`,
    [appRole, READ_ONLY],
  );
  if (wrong === undefined) {
    return;
  }
  const list = READ_ONLY.join(', ');
  await database.query(`REVOKE ALL ON ${list} FROM ${wrong.role}`);
  await database.query(`GRANT SELECT ON ${list} TO ${wrong.role}`);
  await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON schema_instances TO ${wrong.role}`);
}

const READ_ONLY = ['migrations', 'schema_phases', 'schema_backfills'];
