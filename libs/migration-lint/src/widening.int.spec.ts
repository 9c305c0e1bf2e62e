import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nodeAs, parseStatements } from './parse.js';
import { isWidening, type SqlType, sqlType } from './sql-type.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
});

afterAll(() => database.drop());

function typeIn(text: string): SqlType {
  const [statement] = parseStatements(`ALTER TABLE t ADD COLUMN c ${text}`);
  const [command] = nodeAs(statement?.node, 'AlterTableStmt')?.cmds ?? [];
  const type = sqlType(nodeAs(nodeAs(command, 'AlterTableCmd')?.def, 'ColumnDef')?.typeName);
  if (type === undefined) {
    throw new Error(`expected a type; got ${text}`);
  }
  return type;
}

/** Whether ALTER COLUMN TYPE left the files of the table and of the column's index as they were. */
async function staysInPlace(from: string, to: string): Promise<boolean> {
  await database.query('DROP TABLE IF EXISTS t');
  await database.query(`CREATE TABLE t (c ${from})`);
  await database.query('CREATE INDEX t_c ON t (c)');
  const files = (): Promise<{ table: number; index: number }[]> =>
    database.query(`SELECT pg_relation_filenode('t') AS table, pg_relation_filenode('t_c') AS index`);
  const before = await files();
  await database.query(`ALTER TABLE t ALTER COLUMN c TYPE ${to}`);
  return JSON.stringify(before) === JSON.stringify(await files());
}

const safe = [
  ['varchar(10)', 'varchar(20)'],
  ['varchar(10)', 'varchar'],
  ['varchar(10)', 'text'],
  ['varchar', 'text'],
  ['text', 'varchar'],
  ['numeric(10, 2)', 'numeric(12, 2)'],
  ['numeric(10, 2)', 'numeric'],
  ['timestamp(3)', 'timestamp(6)'],
  ['timestamp(3)', 'timestamp'],
  ['timestamptz(3)', 'timestamptz'],
  ['time(3)', 'time'],
  ['timetz(3)', 'timetz'],
  ['varbit(8)', 'varbit(16)'],
  ['varbit(8)', 'varbit'],
  ['cidr', 'inet'],
  ['bigint', 'bigint'],
] as const;

const unsafe = [
  ['varchar(20)', 'varchar(10)'],
  ['varchar', 'varchar(20)'],
  ['text', 'varchar(20)'],
  ['integer', 'bigint'],
  ['numeric(10, 2)', 'numeric(8, 2)'],
  ['numeric(10, 2)', 'numeric(12, 4)'],
  ['numeric', 'numeric(12, 2)'],
  ['timestamp', 'timestamp(3)'],
  ['timestamptz', 'timestamptz(0)'],
  ['char(2)', 'text'],
  ['char(2)', 'char(4)'],
  ['text', 'bytea USING c::bytea'],
] as const;

describe('a change of type', () => {
  it.each(safe)('from %s to %s is let pass, and the server touches neither table nor index', async (from, to) => {
    expect(isWidening(typeIn(from), typeIn(to))).toBe(true);
    expect(await staysInPlace(from, to)).toBe(true);
  });

  it.each(unsafe)('from %s to %s is refused, and the server writes them anew', async (from, to) => {
    expect(isWidening(typeIn(from), typeIn(to.replace(/ USING.*/, '')))).toBe(false);
    expect(await staysInPlace(from, to)).toBe(false);
  });
});
