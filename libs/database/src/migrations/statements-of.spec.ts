import type { QueryRunner } from 'typeorm';
import { expect, it } from 'vitest';
import { statementsOf } from './statements-of.js';

const down = () => Promise.resolve();

it('tells the statements of a migration without a database', async () => {
  const up = async (runner: QueryRunner) => {
    await runner.query('ALTER TABLE orders ADD COLUMN note text');
    await runner.query('CREATE INDEX orders_note ON orders (note)');
  };
  expect(await statementsOf({ up, down })).toEqual([
    'ALTER TABLE orders ADD COLUMN note text',
    'CREATE INDEX orders_note ON orders (note)',
  ]);
});

it('does not guess those of one that asks the database, or builds tables with TypeORM', async () => {
  const asks = async (runner: QueryRunner) => {
    const [row] = (await runner.query('SELECT count(*) AS n FROM orders')) as { n: string }[];
    await runner.query(`SELECT ${(row as { n: string }).n.length}`);
  };
  const builds = (runner: QueryRunner) => runner.dropColumn('orders', 'note');
  expect(await statementsOf({ up: asks, down })).toBeUndefined();
  expect(await statementsOf({ up: builds, down })).toBeUndefined();
});
