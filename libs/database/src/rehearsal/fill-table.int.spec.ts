import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { fillTable } from './fill-table.js';
import { planRows } from './row-plan.js';
import { readTables } from './table-shape.js';

const ROWS = 5_000;

let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    `CREATE TYPE colour AS ENUM ('red', 'green')`,
    `CREATE DOMAIN grams AS integer NOT NULL`,
    `CREATE TABLE depots (id integer PRIMARY KEY, name varchar(12) NOT NULL UNIQUE)`,
    `CREATE TABLE parcels (
      id         uuid PRIMARY KEY,
      number     bigint GENERATED ALWAYS AS IDENTITY,
      "Depot"    integer NOT NULL REFERENCES depots (id),
      heavier_id uuid REFERENCES parcels (id),
      state      text NOT NULL CHECK (state IN ('NEW', 'SENT', 'LOST')),
      colour     colour NOT NULL,
      weight     grams CHECK (weight BETWEEN 1 AND 30000),
      reserved   integer NOT NULL,
      twice      integer GENERATED ALWAYS AS (reserved * 2) STORED,
      carrier    text,
      price      numeric(8, 2) NOT NULL,
      tags       text[] NOT NULL,
      document   jsonb NOT NULL,
      sent_at    timestamptz,
      CHECK (reserved BETWEEN 0 AND weight),
      CHECK (state <> 'SENT' OR (carrier IS NOT NULL AND sent_at IS NOT NULL))
    )`,
  ]);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await database.drop();
});

async function fill(samples: Readonly<Record<string, string>> = {}): Promise<void> {
  const tables = await readTables(client);
  for (const shape of tables.values()) {
    await fillTable(client, await planRows(client, shape, { rows: ROWS, tables, samples }), ROWS, () => undefined);
  }
}

describe('rows that are made up', () => {
  it('satisfy CHECKs of one column and of several, and are of every kind that these allow', async () => {
    await fill();
    const kinds = await database.query(
      `SELECT state, bool_or(carrier IS NULL) AS without, bool_or(carrier IS NOT NULL) AS with FROM parcels GROUP BY 1 ORDER BY 1`,
    );
    expect(kinds).toEqual([
      { state: 'LOST', without: expect.any(Boolean) as unknown, with: expect.any(Boolean) as unknown },
      { state: 'NEW', without: expect.any(Boolean) as unknown, with: expect.any(Boolean) as unknown },
      { state: 'SENT', without: false, with: true },
    ]);
    expect(kinds.some(({ without }) => without)).toBe(true);
  });

  it('refer to rows that there are', async () => {
    await fill();
    const [found] = await database.query('SELECT count(*)::integer AS n FROM parcels JOIN depots ON depots.id = parcels."Depot"');
    expect(found).toEqual({ n: ROWS });
  });

  it('are those of a sample where one is given', async () => {
    await fill({ 'parcels.state': `(ARRAY['NEW', 'LOST'])[1 + i % 2]` });
    expect(await database.query('SELECT DISTINCT state FROM parcels ORDER BY 1')).toEqual([{ state: 'LOST' }, { state: 'NEW' }]);
  });

  it('are refused by name: the table, the rule, and how to give a sample', async () => {
    await database.query(`ALTER TABLE depots ADD CONSTRAINT few UNIQUE (name)`);
    await expect(fill({ 'depots.name': `'the same'` })).rejects.toThrow(
      /The rows that were made up for depots are refused \(\w+\): duplicate key .*Give the migration a sample/,
    );
  });
});
