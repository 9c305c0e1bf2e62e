import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '@waybill/contracts';
import pg from 'pg';
import { z } from 'zod';
import { replaceFile } from './file-replacement.js';
import { repository } from './stack-file.js';

const schema = z.object({ files: z.string(), applied: z.array(z.string()) });

/**
 * True if the migrations are those of the last run here, and all that it left in the database still stands there. A
 * contract that waits is not asked for: migrate.js would not run it.
 *
 * Loading TypeORM only to learn that there is nothing to do costs 1.5 s of CPU a service; three run at each start.
 */
export async function isMigrated(home: string, service: Service, url: string): Promise<boolean> {
  try {
    const memory = schema.parse(JSON.parse(readFileSync(memoryFile(home, service), 'utf8')));
    const applied = new Set(await appliedIn(url));
    return memory.files === migrationFiles(service) && memory.applied.every((name) => applied.has(name));
  } catch {
    // No memory, no table, no folder: whatever it is, migrate.js knows better.
    return false;
  }
}

export async function rememberMigrated(home: string, service: Service, url: string): Promise<void> {
  const memory = { files: migrationFiles(service), applied: await appliedIn(url) };
  replaceFile(memoryFile(home, service), JSON.stringify(memory));
}

function migrationFiles(service: Service): string {
  const folder = join(repository, 'apps', service, 'dist', 'persistence', 'migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex');
}

async function appliedIn(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'waybill-local' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    // A build from before the heart-beats has left a database without their table: then the runner must make it.
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM migrations WHERE to_regclass('schema_instances') IS NOT NULL ORDER BY id`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

function memoryFile(home: string, service: Service): string {
  return join(home, `migrated-${service}.json`);
}
