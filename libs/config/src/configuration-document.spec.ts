import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configurationDocument, type ConfiguredService, envExample } from './configuration-document.js';
import { integer, secret } from './field.js';
import type { ConfigSchema } from './load-config.js';

const repository = join(import.meta.dirname, '../../..');

/** The services' schemas, in the order of their ports. */
async function configuredServices(): Promise<ConfiguredService[]> {
  const order = ['orders', 'inventory', 'shipping', 'carrier'];
  const names = readdirSync(join(repository, 'apps')).filter((app) => existsSync(schemaOf(app)));
  names.sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99));
  return Promise.all(
    names.map(async (name) => {
      const { configSchema } = (await import(pathToFileURL(schemaOf(name)).href)) as { configSchema: ConfigSchema };
      return { name, schema: configSchema };
    }),
  );
}

function schemaOf(app: string): string {
  return join(repository, 'apps', app, 'src/config.ts');
}

describe('the configuration documents', () => {
  it.each([
    ['docs/configuration.md', configurationDocument],
    ['.env.example', envExample],
  ])('%s is what the schemas say (renew it: UPDATE=1 npx vitest run --project unit libs/config)', async (file, write) => {
    const path = join(repository, file);
    const current = write(await configuredServices());
    if (process.env['UPDATE'] === '1') {
      writeFileSync(path, current);
    }
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(current);
  });

  it('give every setting a reason, and every secret no default', async () => {
    const services = await configuredServices();
    expect(services.length).toBeGreaterThan(0);
    for (const { schema } of services) {
      for (const [name, type] of Object.entries(schema.shape)) {
        expect((type as z.ZodType).description, name).toMatch(/\.$/);
      }
    }
  });

  it('name a setting once where services read it alike, and under each where they do not', () => {
    const shared = integer({ min: 1, max: 5 }).default(2).describe('How many.');
    const document = configurationDocument([
      { name: 'a', schema: z.object({ SHARED: shared, MINE: secret({ otherwise: 'nobody logs in' }).optional().describe('Key.') }) },
      { name: 'b', schema: z.object({ SHARED: shared, OTHER: integer({ min: 0, max: 1 }).describe('Switch.') }) },
    ]);
    expect(document).toContain('## Every service');
    expect(document.match(/`SHARED`/g)).toHaveLength(1);
    expect(document).toContain('| `SHARED` | `2` | a whole number from 1 to 5 | How many. |');
    expect(document).toContain('| `MINE` | nobody logs in | text on one line | Key. |');
    expect(document).toContain('| `OTHER` | **required** | a whole number from 0 to 1 | Switch. |');
  });
});
