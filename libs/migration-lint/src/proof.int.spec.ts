import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Step } from './finding.js';
import { lint } from './lint.js';
import type { Claim } from './rule.js';
import { rules } from './rules.js';
import { sqlFile } from './sql-file.js';
import { type LockMode, stopsWriters } from './transaction.js';

// What the rules say of a statement is asked of a server: the lock that it holds, whether it reads the rows, whether it
// writes the table anew. And then the same of each step of the recipe. No stop-watch: counters and locks only.

const ROWS = 1_000;

const schema = [
  'CREATE TABLE customers (id bigint PRIMARY KEY)',
  `CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, status text, reason text, total integer, net numeric, during tsrange)`,
  'CREATE INDEX orders_status ON orders (status)',
];
const rows = [
  'INSERT INTO customers SELECT generate_series(1, 100)',
  `INSERT INTO orders SELECT n, n % 100 + 1, 'PLACED', 'none', n, n, NULL FROM generate_series(1, ${ROWS}) n`,
  'CREATE MATERIALIZED VIEW customer_ids AS SELECT id FROM customers',
  'CREATE UNIQUE INDEX customer_ids_id ON customer_ids (id)',
];

interface Proof {
  readonly rule: string;
  readonly refused: readonly string[];
  readonly table?: string;
  /** How many steps of the recipe are run, where the rest is another way. */
  readonly steps?: number;
}

const proofs: readonly Proof[] = [
  { rule: 'index-not-concurrently', refused: ['CREATE INDEX orders_total ON orders (total)'] },
  { rule: 'drop-index-not-concurrently', refused: ['DROP INDEX orders_status'] },
  { rule: 'reindex-not-concurrently', refused: ['REINDEX TABLE orders'] },
  {
    rule: 'foreign-key-validated',
    refused: ['ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)'],
  },
  { rule: 'check-validated', refused: ['ALTER TABLE orders ADD CHECK (total > 0)'] },
  { rule: 'unique-without-index', refused: ['ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (total)'] },
  { rule: 'exclusion-constraint', refused: ['ALTER TABLE orders ADD EXCLUDE USING gist (during WITH &&)'] },
  { rule: 'set-not-null', refused: ['ALTER TABLE orders ALTER COLUMN reason SET NOT NULL'] },
  { rule: 'set-not-null', refused: ['ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 2) VIRTUAL NOT NULL'] },
  {
    rule: 'validate-under-lock',
    refused: ['ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID', 'ALTER TABLE orders VALIDATE CONSTRAINT positive'],
    steps: 0,
  },
  { rule: 'column-volatile-default', refused: ['ALTER TABLE orders ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()'] },
  { rule: 'column-auto-increment', refused: ['ALTER TABLE orders ADD COLUMN number bigserial'] },
  { rule: 'column-stored', refused: ['ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 2) STORED'], steps: 2 },
  { rule: 'change-column-type', refused: ['ALTER TABLE orders ALTER COLUMN total TYPE bigint'] },
  { rule: 'drop-column', refused: ['ALTER TABLE orders DROP COLUMN reason'] },
  { rule: 'drop-table', refused: ['DROP TABLE orders'] },
  { rule: 'truncate', refused: ['TRUNCATE orders'] },
  { rule: 'rename-column', refused: ['ALTER TABLE orders RENAME COLUMN customer_id TO customer'] },
  { rule: 'rename-table', refused: ['ALTER TABLE orders RENAME TO purchases'] },
  { rule: 'rewrite-table', refused: ['CLUSTER orders USING orders_status'] },
  { rule: 'refresh-not-concurrently', refused: ['REFRESH MATERIALIZED VIEW customer_ids'], table: 'customer_ids' },
];

let database: TestDatabase;
let session: pg.Client;

async function open(): Promise<void> {
  database = await createTestDatabase(inject('postgresAdminUrl'), [...schema, ...rows]);
  session = await connected();
}

async function close(): Promise<void> {
  await session.end();
  await database.drop();
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url, application_name: 'proof' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

interface Measured {
  readonly statement: string;
  /** The strongest that is held on the table once the statement is done. */
  readonly lock: LockMode | undefined;
  readonly reads: boolean;
  readonly rewrites: boolean;
}

/** Strongest first; what only reads or writes rows is of no interest here. */
const MODES: readonly LockMode[] = ['ACCESS EXCLUSIVE', 'EXCLUSIVE', 'SHARE ROW EXCLUSIVE', 'SHARE', 'SHARE UPDATE EXCLUSIVE', 'ROW EXCLUSIVE'];

/** `ShareUpdateExclusiveLock` of pg_locks in the words of the documentation. */
function strongest(modes: readonly string[]): LockMode | undefined {
  const words = modes.map((mode) => mode.replace(/Lock$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase());
  return MODES.find((mode) => words.includes(mode));
}

async function relationId(table: string): Promise<number> {
  const [row] = await database.query<{ oid: number }>('SELECT $1::regclass::oid AS oid', [table]);
  return row?.oid ?? 0;
}

/** Runs statements in one transaction, and looks after each of them. */
async function measure(statements: readonly string[], table: string, end: 'COMMIT' | 'ROLLBACK', values: readonly unknown[] = []): Promise<Measured[]> {
  const relation = await relationId(table);
  const measured: Measured[] = [];
  await session.query('BEGIN');
  let before = await seen(relation);
  for (const statement of statements) {
    await session.query(statement, [...values]);
    const after = await seen(relation);
    const reads = after.read > before.read;
    measured.push({ statement, lock: strongest(after.modes), reads, rewrites: reads && after.file !== before.file });
    before = after;
  }
  await session.query(end);
  return measured;
}

/** What this transaction holds on the relation, where the relation is stored, and how many rows were read one after another. */
async function seen(relation: number): Promise<{ modes: string[]; file: number | null; read: number }> {
  const { rows: found } = await session.query<{ modes: string[]; file: number | null; read: string }>(
    `SELECT ARRAY(SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = $1 AND granted) AS modes,
            pg_relation_filenode($1) AS file,
            (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables) AS read`,
    [relation],
  );
  const [row] = found;
  return { modes: row?.modes ?? [], file: row?.file ?? null, read: Number(row?.read ?? 0) };
}

/** Runs a statement that no transaction may hold, and looks from outside while it waits for a writer to end. */
async function measureAlone(statement: string, table: string): Promise<Measured> {
  const relation = await relationId(table);
  const writer = await connected();
  const { rows: own } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const held = async (): Promise<string[]> => {
    const found = await database.query<{ mode: string }>('SELECT mode FROM pg_locks WHERE pid = $1 AND relation = $2 AND granted', [own[0]?.pid, relation]);
    return found.map(({ mode }) => mode);
  };
  try {
    await writer.query('BEGIN');
    await writer.query(`UPDATE orders SET status = status WHERE id = 1`);
    const running = session.query(statement);
    // The lock of the statement is there although somebody is writing: so it does not keep writers out.
    await until(async () => strongest(await held()) !== undefined, { what: `${statement} holds its lock` });
    const lock = strongest(await held());
    await writer.query(`UPDATE orders SET status = status WHERE id = 2`);
    await writer.query('COMMIT');
    await running;
    return { statement, lock, reads: true, rewrites: false };
  } finally {
    await writer.end();
  }
}

async function follow(step: Step, table: string): Promise<Measured[]> {
  switch (step.step) {
    case 'code':
      return [];
    case 'backfill': {
      const keys = await database.query<{ id: string }>('SELECT id FROM orders');
      return measure([step.backfill.statement], table, 'COMMIT', [keys.map(({ id }) => id)]);
    }
    case 'migration': {
      if (step.transaction) {
        return measure(step.statements, table, 'COMMIT');
      }
      const measured: Measured[] = [];
      for (const statement of step.statements) {
        measured.push(table === 'orders' ? await measureAlone(statement, table) : ((await measure([statement], table, 'COMMIT'))[0] as Measured));
      }
      return measured;
    }
  }
}

function recipeFor({ rule, refused }: Proof): readonly Step[] {
  const file = (name: string, statements: readonly string[]): ReturnType<typeof sqlFile> => sqlFile(name, statements.map((sql) => `${sql};`).join('\n'), { transaction: true });
  const found = lint([file('schema', schema), file('refused', refused)]).find((finding) => finding.rule === rule && finding.script === 'refused');
  expect(found, `${rule} refuses ${refused.join('; ')}`).toBeDefined();
  return found?.recipe ?? [];
}

function workOf(measured: readonly Measured[]): Claim['work'] {
  return measured.some(({ rewrites }) => rewrites) ? 'rewrites' : measured.some(({ reads, lock }) => reads && stopsWriters(lock)) ? 'scans' : 'short';
}

it('proves every rule that claims a lock', () => {
  const claiming = rules.filter(({ claim }) => claim !== undefined).map(({ id }) => id);
  expect([...new Set(proofs.map(({ rule }) => rule))].sort()).toEqual(claiming.sort());
});

describe('what is refused', () => {
  beforeAll(open);
  afterAll(close);

  it.each(proofs)('$refused, by $rule, holds the lock that the rule says, and does under it what the rule says', async ({ rule, refused, table = 'orders' }) => {
    const { claim } = rules.find(({ id }) => id === rule) ?? {};
    const measured = await measure(refused, table, 'ROLLBACK');
    expect({ lock: measured.at(-1)?.lock, work: workOf(measured) }).toEqual({ lock: claim?.lock, work: claim?.work });
  });
});

describe('the recipe', () => {
  beforeEach(open);
  afterEach(close);

  it.each(proofs)('of $rule for $refused keeps writers out at no statement that reads or writes the rows', async (proof) => {
    const { table = 'orders', steps } = proof;
    for (const step of recipeFor(proof).slice(0, steps)) {
      for (const { statement, lock, reads, rewrites } of await follow(step, table)) {
        // Of a materialized view nobody writes rows; its readers go on.
        const keepsOut = table === 'orders' ? stopsWriters(lock) : lock === 'ACCESS EXCLUSIVE';
        expect({ statement, keepsOutWhileItWorks: keepsOut && (reads || rewrites) }).toEqual({ statement, keepsOutWhileItWorks: false });
      }
    }
  });
});

describe('what the rules let pass', () => {
  beforeAll(open);
  afterAll(close);

  it.each([
    ['a column without a default', ['ALTER TABLE orders ADD COLUMN note text']],
    ['a constant default', [`ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT ''`]],
    ['a default of now()', ['ALTER TABLE orders ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now()']],
    ['a virtual column', ['ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 2) VIRTUAL']],
    ['a trigger', ['CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$', 'CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()']],
    ['NOT NULL that is not validated', ['ALTER TABLE orders ADD CONSTRAINT reason_present NOT NULL reason NOT VALID']],
    ['a fill factor', ['ALTER TABLE orders SET (fillfactor = 70)']],
    ['a foreign key of a new table', ['CREATE TABLE refunds (order_id bigint REFERENCES orders (id))']],
  ])('%s: no row is read, nothing is written anew', async (_what, statements) => {
    const measured = await measure(statements, 'orders', 'ROLLBACK');
    expect(measured.filter(({ reads, rewrites }) => reads || rewrites)).toEqual([]);
  });

  it('SET NOT NULL with a validated check: no row is read', async () => {
    const validated = 'ALTER TABLE orders ADD CONSTRAINT reason_present CHECK (reason IS NOT NULL)';
    const [, measured] = await measure([validated, 'ALTER TABLE orders ALTER COLUMN reason SET NOT NULL'], 'orders', 'ROLLBACK');
    expect(measured).toMatchObject({ lock: 'ACCESS EXCLUSIVE', reads: false, rewrites: false });
  });

  it('VALIDATE by itself: rows are read, and writers go on', async () => {
    await database.query('ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID');
    const [measured] = await measure(['ALTER TABLE orders VALIDATE CONSTRAINT positive'], 'orders', 'ROLLBACK');
    expect(measured).toMatchObject({ lock: 'SHARE UPDATE EXCLUSIVE', reads: true, rewrites: false });
  });
});
