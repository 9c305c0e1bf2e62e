import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const lib = (name: string, index: string): Record<string, string> => ({
  [`libs/${name}/package.json`]: JSON.stringify({
    name: `@waybill/${name}`,
    type: 'module',
    exports: { '.': { '@waybill/source': './src/index.ts', default: './dist/index.js' } },
  }),
  [`libs/${name}/src/index.ts`]: index,
});
const npmPackage = (name: string, index: string): Record<string, string> => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js' }),
  [`node_modules/${name}/index.js`]: index,
  [`node_modules/${name}/index.d.ts`]: index,
});

/** Files that break nothing, with the names of the real tree: what the broken ones import. */
const sound: Record<string, string> = {
  ...lib('contracts', 'export interface OrderLine { sku: string }\nexport const sku = 1;\n'),
  ...lib('kafka', 'export const kafka = 1;\n'),
  ...lib('migration-lint', 'export const lint = 1;\n'),
  ...lib('outbox', 'export const outbox = 1;\n'),
  ...lib('service-defaults', "import { kafka } from '@waybill/kafka';\n\nexport const runService = kafka;\n"),
  ...lib('testing', "import { sku } from '@waybill/contracts';\n\nexport const until = sku;\n"),
  'apps/orders/src/index.ts': "import { runService } from '@waybill/service-defaults';\n\nexport const orders = runService;\n",
  'apps/orders/src/http/door.ts': 'export const door = 1;\n',
  'apps/orders/src/persistence/row.ts': 'export const row = 1;\n',
  'apps/orders/src/domain/order.ts':
    "import type { OrderLine } from '@waybill/contracts';\n\nexport const skuOf = (line: OrderLine): string => line.sku;\n",
  'apps/orders/src/domain/order.spec.ts': "import { until } from '@waybill/testing';\n\nexport const tested = until;\n",
  'apps/inventory/src/index.ts': 'export const inventory = 1;\n',
  'infra/local/src/index.ts': "import { kafka } from '@waybill/kafka';\n\nexport const local = kafka;\n",
  'e2e/src/index.ts': 'export const e2e = 1;\n',
  ...npmPackage('@nestjs/common', 'export const Injectable = 1;\n'),
  ...npmPackage('typeorm', 'export const Entity = 1;\n'),
};

/**
 * A small copy of the workspace's layout in a folder of its own, with the given files added.
 *
 * Real files and real symlinks under node_modules, so that an import resolves here exactly as it does in the tree.
 */
export class BrokenWorkspace {
  readonly root: string;

  constructor(files: Record<string, string>) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-boundaries-')));
    const all: Record<string, string> = {
      'tsconfig.spec.json': JSON.stringify({
        compilerOptions: {
          target: 'ES2023',
          lib: ['ES2023', 'DOM'],
          module: 'NodeNext',
          moduleResolution: 'NodeNext',
          customConditions: ['@waybill/source'],
          types: [],
          strict: true,
          experimentalDecorators: true,
          noEmit: true,
        },
        include: ['apps', 'libs', 'infra', 'e2e'],
      }),
      'package.json': JSON.stringify({ name: 'broken', private: true, type: 'module' }),
      ...sound,
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      const file = join(this.root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    mkdirSync(join(this.root, 'node_modules/@waybill'));
    for (const name of ['contracts', 'kafka', 'migration-lint', 'outbox', 'service-defaults', 'testing']) {
      symlinkSync(join(this.root, 'libs', name), join(this.root, 'node_modules/@waybill', name), 'dir');
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
