import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, services } from '@waybill/contracts';
import type { Migration, MigrationClass } from '@waybill/database';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../command.js';
import { USAGE_EXIT_CODE } from '../command-errors.js';
import { migrateCommand } from './migrate.js';

class Drops1764900000000 implements Migration {
  readonly phase = 'expand';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders DROP COLUMN reason');
  }

  async down(): Promise<void> {}
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lint-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The services' own lists, from source: what `npm test` judges is what is in the repository, built or not. */
async function fromSource(service: Service): Promise<readonly MigrationClass[]> {
  const url = new URL(`../../../${service}/src/persistence/migrations.ts`, import.meta.url);
  return ((await import(url.href)) as { migrations: readonly MigrationClass[] }).migrations;
}

async function lintCommand(args: readonly string[], load = fromSource): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const surroundings = { env: {}, print: write, say: write, colour: false };
  const code = await runCommand({ migrate: migrateCommand(load) }, ['migrate', 'lint', ...args], surroundings, '');
  return { code, out: lines.join('\n') };
}

async function file(name: string, sql: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, sql);
  return path;
}

describe('the migrations of every service', () => {
  it('pass the linter', async () => {
    const { code, out } = await lintCommand([]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^(warning |.*\n)*0 errors/) as string });
  });

  it.each(services)('of %s can all be read, those of before the linter, too', async (service) => {
    const { out } = await lintCommand(['--service', service, '--all', '--json']);
    const [linted] = JSON.parse(out) as { judged: string[]; notJudged: string[]; findings: { rule: string }[] }[];
    expect(linted?.judged.length).toBe((await fromSource(service)).length);
    expect(linted?.findings.filter(({ rule }) => rule === 'unjudged' || rule === 'syntax-error')).toEqual([]);
  });
});

describe('migrate lint', () => {
  const bad = async (): Promise<readonly MigrationClass[]> => [Drops1764900000000];

  it('exits with 1 on an error, names the migration, and shows what to do instead', async () => {
    const { code, out } = await lintCommand(['--service', 'orders'], bad);
    expect(code).toBe(1);
    expect(out).toContain('error drop-column  orders Drops1764900000000 (expand, line 1:1)');
    expect(out).toContain('    ALTER TABLE orders DROP COLUMN reason;');
    expect(out).toContain('1 error, 0 warnings in 1 judged');
  });

  it('tells programs the same', async () => {
    const { out } = await lintCommand(['--service', 'orders', '--json'], bad);
    expect(JSON.parse(out)).toMatchObject([{ of: 'orders', findings: [{ rule: 'drop-column', severity: 'error', query: 1 }] }]);
  });

  it('judges files, each by itself', async () => {
    const good = await file('good.sql', "SET lock_timeout = '1s'; SET statement_timeout = '15s';\nALTER TABLE a ADD COLUMN b text;");
    const drop = await file('drop.sql', "SET lock_timeout = '1s'; SET statement_timeout = '15s';\nDROP TABLE a;");
    expect(await lintCommand([good])).toEqual({ code: 0, out: '0 errors, 0 warnings in 1 judged' });
    expect((await lintCommand([good, drop])).code).toBe(1);
    expect((await lintCommand(['--phase', 'contract', good, drop])).code).toBe(0);
  });

  it('says what does not go together, and what cannot be read', async () => {
    expect((await lintCommand(['--all', 'x.sql'])).code).toBe(USAGE_EXIT_CODE);
    expect((await lintCommand(['--transaction'])).code).toBe(USAGE_EXIT_CODE);
    await expect(lintCommand([join(folder, 'none.sql')])).rejects.toThrow('cannot be read');
  });
});
