import type { LintIgnore, Migration, MigrationClass } from '@waybill/database';
import type { QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { Finding } from './finding.js';
import { lint } from './lint.js';
import { recipeText } from './recipe-text.js';
import { recordMigration } from './record-migration.js';
import { sqlFile } from './sql-file.js';

const today = new Date('2026-11-25T12:00:00Z');

/** A migration of these statements, with what else it declares. */
function migration(statements: readonly string[], declared: Partial<Migration> = {}, timestamp = 1764600000000): MigrationClass {
  const type = class implements Migration {
    readonly phase = 'expand';

    constructor() {
      Object.assign(this, declared);
    }

    async up(runner: QueryRunner): Promise<void> {
      for (const statement of statements) {
        await runner.query(statement);
      }
    }

    async down(): Promise<void> {}
  };
  Object.defineProperty(type, 'name', { value: `Change${timestamp}` });
  return type;
}

async function linted(...types: readonly MigrationClass[]): Promise<Finding[]> {
  return lint(await Promise.all(types.map(recordMigration)), { today });
}

async function rulesOf(...types: readonly MigrationClass[]): Promise<string[]> {
  return (await linted(...types)).map(({ rule }) => rule);
}

const fill = { table: 'orders', key: 'id', statement: 'UPDATE orders SET a = b WHERE id = ANY ($1::uuid[]) AND a IS NULL' };

describe('a migration', () => {
  it('that only adds, with a way back, is accepted', async () => {
    expect(await rulesOf(migration(['ALTER TABLE orders ADD COLUMN note text']))).toEqual([]);
  });

  it('has its lock_timeout from the runner, and is refused when it declares none or a long one', async () => {
    const add = ['ALTER TABLE orders ADD COLUMN note text'];
    expect(await rulesOf(migration(add, { lockTimeoutMs: 0 }))).toEqual(['declared-lock-timeout']);
    expect(await rulesOf(migration(add, { lockTimeoutMs: 5_000 }))).toEqual(['declared-lock-timeout']);
    expect(await rulesOf(migration(add, { lockTimeoutMs: 500 }))).toEqual([]);
    expect(await rulesOf(migration(add, { statementTimeoutMs: 0 }))).toEqual(['declared-statement-timeout']);
    expect(await rulesOf(migration(['SET LOCAL lock_timeout = 0', ...add]))).toEqual(['lock-timeout']);
  });

  it('that drops is refused as an expand and accepted as a contract', async () => {
    const drop = ['ALTER TABLE orders DROP COLUMN note'];
    expect(await rulesOf(migration(drop))).toEqual(['drop-column']);
    expect(await rulesOf(migration(drop, { phase: 'contract' }))).toEqual([]);
  });

  it('that renames is refused in every phase', async () => {
    const rename = ['ALTER TABLE orders RENAME COLUMN a TO b'];
    expect(await rulesOf(migration(rename))).toEqual(['rename-column']);
    expect(await rulesOf(migration(rename, { phase: 'contract' }))).toEqual(['rename-column']);
  });

  it('may rename a table in a contract when a view had that name until then', async () => {
    const swap = ['DROP VIEW purchases', 'ALTER TABLE orders RENAME TO purchases'];
    expect(await rulesOf(migration(swap, { phase: 'contract' }))).toEqual([]);
    expect(await rulesOf(migration(swap, { phase: 'contract', transaction: false }))).toContain('rename-table');
  });

  it('that adds in a contract is told that it comes too late', async () => {
    expect(await rulesOf(migration(['ALTER TABLE orders ADD COLUMN note text'], { phase: 'contract' }))).toEqual(['expand-in-contract']);
  });

  it('without a declared phase is refused', async () => {
    const bare = class Bare1764600000000 {
      async up(): Promise<void> {}
      async down(): Promise<void> {}
    };
    expect(await rulesOf(bare)).toEqual(['phase-missing']);
  });

  it('that is an expand without a way back is refused; a contract has none', async () => {
    const down = (): Promise<void> => Promise.reject(new Error('no way back'));
    expect(await rulesOf(migration([], { down }))).toEqual(['no-way-back']);
    expect(await rulesOf(migration([], { down, phase: 'contract' }))).toEqual([]);
  });

  it('of the phase backfill works by key, in batches, and does nothing else', async () => {
    expect(await rulesOf(migration([], { phase: 'backfill', backfill: fill }))).toEqual([]);
    expect(await rulesOf(migration([], { phase: 'backfill' }))).toEqual(['phase-mismatch']);
    expect(await rulesOf(migration([], { backfill: fill }))).toEqual(['phase-mismatch']);
    expect(await rulesOf(migration(['CREATE TYPE t AS ENUM ()'], { phase: 'backfill', backfill: fill }))).toEqual(['schema-in-backfill']);
    for (const where of ['a IS NULL', 'id = ANY ($1) OR a IS NULL', 'other = ANY ($1)', 'id > $1']) {
      const statement = `UPDATE orders SET a = b WHERE ${where}`;
      expect(await rulesOf(migration([], { phase: 'backfill', backfill: { ...fill, statement } })), where).toEqual(['backfill-without-keyset']);
    }
  });

  it('outside a transaction must be able to run once more', async () => {
    const index = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_a ON orders (a)';
    const alone = { transaction: false };
    expect(await rulesOf(migration([index], alone))).toEqual([]);
    expect(await rulesOf(migration([index.replace('IF NOT EXISTS', '')], alone))).toEqual(['concurrent-index-unnamed']);
    expect(await rulesOf(migration([index.replace('IF NOT EXISTS orders_a', '')], alone))).toEqual(['concurrent-index-unnamed']);
    expect(await rulesOf(migration(['ALTER TABLE orders ADD COLUMN b text', index], alone))).toEqual(['not-rerunnable']);
    expect(await rulesOf(migration(['ALTER TABLE orders ADD COLUMN IF NOT EXISTS b text', index], alone))).toEqual([]);
    expect(await rulesOf(migration([index]))).toEqual(['concurrently-in-transaction']);
  });

  it('that sends several statements in one query has a transaction, though it says that it has none', async () => {
    const [add, validate] = ['ALTER TABLE orders ADD CONSTRAINT a CHECK (b > 0) NOT VALID', 'ALTER TABLE orders VALIDATE CONSTRAINT a'];
    const clear = 'ALTER TABLE orders DROP CONSTRAINT IF EXISTS a, ADD CONSTRAINT a CHECK (b > 0) NOT VALID';
    expect(await rulesOf(migration([clear, validate], { transaction: false }))).toEqual([]);
    expect(await rulesOf(migration([`${clear}; ${validate}`], { transaction: false }))).toEqual(['validate-under-lock']);
    expect(await rulesOf(migration([`DO $$ BEGIN ${add}; ${validate}; END $$`], { transaction: false }))).toEqual(['validate-under-lock']);
    expect(await rulesOf(migration(['DO $$ BEGIN DROP INDEX CONCURRENTLY IF EXISTS i; END $$'], { transaction: false }))).toEqual(['concurrently-in-transaction']);
  });

  it('may not end the transaction that it runs in', async () => {
    expect(await rulesOf(migration(['COMMIT']))).toEqual(['transaction-control']);
  });
});

describe('what cannot be judged', () => {
  it('is refused: calls of the query runner whose SQL nobody sees', async () => {
    const up = (runner: QueryRunner): Promise<void> => runner.dropTable('orders');
    const [finding] = await linted(migration([], { up }));
    expect(finding).toMatchObject({ rule: 'unjudged', severity: 'error', why: expect.stringContaining('dropTable()') as string });
  });

  it('is refused: SQL that depends on what a query has answered', async () => {
    const up = async (runner: QueryRunner): Promise<void> => {
      const rows = (await runner.query('SELECT count(*) FROM orders')) as { count: number }[];
      if (rows.length > 0) {
        await runner.query('ALTER TABLE orders ADD COLUMN note text');
      }
    };
    expect(await rulesOf(migration([], { up }))).toEqual(['unjudged']);
  });

  it('is refused: an up that throws without a database', async () => {
    const up = (): Promise<void> => Promise.reject(new Error('no environment'));
    expect((await linted(migration([], { up })))[0]?.why).toContain('no environment');
  });
});

describe('the migrations before', () => {
  const create = migration(['CREATE TABLE orders (id uuid PRIMARY KEY, code varchar(20) NOT NULL, total integer)'], {}, 1764600000001);

  it('tell the type that a column had', async () => {
    const widen = migration(['ALTER TABLE orders ALTER COLUMN code TYPE varchar(40)'], {}, 1764600000002);
    const rewrite = migration(['ALTER TABLE orders ALTER COLUMN total TYPE bigint'], {}, 1764600000002);
    expect(await rulesOf(create, widen)).toEqual(['prefer-text']);
    const [, finding] = await linted(create, rewrite);
    expect(finding).toMatchObject({ rule: 'change-column-type', why: expect.stringContaining('From integer to bigint') as string });
    expect(recipeText(finding?.recipe ?? [])).toContain('ANY ($1::uuid[])');
  });

  it('tell whether a column is known to have no NULL', async () => {
    const table = 'ALTER TABLE orders';
    const check = migration([`${table} ADD CONSTRAINT total_present CHECK (total IS NOT NULL) NOT VALID`], {}, 1764600000002);
    const validate = migration([`${table} VALIDATE CONSTRAINT total_present`, `${table} ALTER COLUMN total SET NOT NULL`], {}, 1764600000003);
    const hasty = migration([`${table} ALTER COLUMN total SET NOT NULL`], {}, 1764600000003);
    expect(await rulesOf(create, check, validate)).toEqual(['prefer-text']);
    expect(await rulesOf(create, check, hasty)).toEqual(['prefer-text', 'set-not-null']);
  });

  it('are not judged when they are older than the linter, and known all the same', async () => {
    const widen = migration(['ALTER TABLE orders ALTER COLUMN code TYPE text'], {}, 1764600000002);
    const scripts = await Promise.all([create, widen].map(recordMigration));
    expect(lint(scripts, { today, judges: ({ migration: facts }) => (facts?.timestamp ?? 0) > 1764600000001 })).toEqual([]);
  });
});

describe('an ignore', () => {
  const drop = ['ALTER TABLE orders DROP COLUMN note'];
  const ignoring = (ignore: Partial<LintIgnore>): MigrationClass =>
    migration(drop, { lintIgnores: [{ rule: 'drop-column', reason: 'nobody has ever used it', until: '2026-12-31', ...ignore }] });

  it('takes the findings of its rule away until its day is over', async () => {
    expect(await rulesOf(ignoring({}))).toEqual([]);
    expect(await rulesOf(ignoring({ until: '2026-11-25' }))).toEqual([]);
    expect(await rulesOf(ignoring({ until: '2026-11-24' }))).toEqual(['drop-column', 'ignore-expired']);
  });

  it('needs a reason, and a day within a year', async () => {
    expect(await rulesOf(ignoring({ reason: ' ' }))).toEqual(['drop-column', 'ignore-incomplete']);
    expect(await rulesOf(ignoring({ until: 'soon' }))).toEqual(['drop-column', 'ignore-incomplete']);
    expect(await rulesOf(ignoring({ until: '2028-01-01' }))).toEqual(['drop-column', 'ignore-incomplete']);
  });

  it('that ignores nothing is refused', async () => {
    expect(await rulesOf(ignoring({ rule: 'truncate' }))).toEqual(['drop-column', 'ignore-unused']);
    expect(await rulesOf(ignoring({ rule: 'no-such-rule' }))).toEqual(['drop-column', 'ignore-unused']);
  });

  it('stands in a file as a comment', () => {
    const timeouts = "SET lock_timeout = '1s'; SET statement_timeout = '15s';";
    const judged = (comment: string): string[] => lint([sqlFile('x.sql', `${timeouts}\n${comment}\nDROP TABLE a;`)], { today }).map(({ rule }) => rule);
    expect(judged('-- waybill-lint-ignore drop-table until 2026-12-31: nobody uses it')).toEqual([]);
    expect(judged('-- waybill-lint-ignore drop-table')).toEqual(['drop-table', 'ignore-incomplete']);
  });
});

describe('a finding', () => {
  it('says where: the query, the line and the column, also behind letters of several bytes', () => {
    const sql = "COMMENT ON TABLE a IS 'größer ✓';\n\n  -- why\n  DROP TABLE b;";
    const [finding] = lint([sqlFile('x.sql', sql)]).filter(({ rule }) => rule === 'drop-table');
    expect(finding).toMatchObject({ script: 'x.sql', query: 1, position: { line: 4, column: 3 }, statement: 'DROP TABLE b' });
  });

  it('says where PostgreSQL stops reading', () => {
    const [finding] = lint([sqlFile('x.sql', 'SELECT 1;\nDROP TABEL b;')]);
    expect(finding).toMatchObject({ rule: 'syntax-error', position: { line: 2, column: 6 } });
  });

  it('has names in its recipe quoted where they must be', () => {
    const [finding] = lint([sqlFile('x.sql', 'DROP INDEX "Orders by offset"')]);
    expect(recipeText(finding?.recipe ?? [])).toContain('DROP INDEX CONCURRENTLY IF EXISTS "Orders by offset";');
  });
});

describe('the example that every article warns of', () => {
  const naive = [
    'CREATE INDEX orders_customer ON orders (customer)',
    'ALTER TABLE orders ADD COLUMN channel text NOT NULL',
    'ALTER TABLE orders ALTER COLUMN reason SET NOT NULL',
    'ALTER TABLE orders RENAME COLUMN customer TO customer_id',
    'ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint USING customer_id::bigint',
    'ALTER TABLE orders ADD CONSTRAINT orders_customer_id FOREIGN KEY (customer_id) REFERENCES customers (id)',
  ];

  it('is refused, each statement with its safe way', async () => {
    const findings = (await linted(migration(naive))).filter(({ severity }) => severity === 'error');
    expect(findings.map(({ rule, query }) => [query, rule])).toEqual([
      [1, 'index-not-concurrently'],
      [2, 'column-required'],
      [3, 'set-not-null'],
      [4, 'rename-column'],
      [5, 'change-column-type'],
      [6, 'foreign-key-validated'],
    ]);
    const [index, column, notNull, rename, type, foreign] = findings.map(({ recipe }) => recipeText(recipe));
    expect(index).toContain('CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer);');
    expect(column).toContain('ALTER TABLE orders ADD COLUMN channel text;');
    expect(notNull).toContain('CHECK (reason IS NOT NULL) NOT VALID;');
    expect(rename).toContain('CREATE TRIGGER');
    expect(type).toContain('ADD COLUMN customer_id_new bigint;');
    expect(foreign).toContain('FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;\n-- 2. expand:\nALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id;');
  });
});
