import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokenWorkspace } from './broken-workspace.js';
import { pathOf, read, repositoryFiles } from './repository.js';

interface Fixture {
  readonly rule: string;
  readonly file: string;
  readonly text: string;
}

/** One text for each rule that we chose beyond the recommended set, or that a promise of the platform rests on. */
const fixtures: Fixture[] = [
  {
    rule: '@typescript-eslint/no-floating-promises',
    file: 'libs/kafka/src/floating.ts',
    text: 'const publish = async (): Promise<void> => {};\npublish();\n',
  },
  {
    rule: '@typescript-eslint/no-misused-promises',
    file: 'libs/kafka/src/misused.ts',
    text: 'export const all = (rows: string[], send: (row: string) => Promise<void>): void => {\n  rows.forEach(async (row) => send(row));\n};\n',
  },
  {
    rule: '@typescript-eslint/return-await',
    file: 'libs/kafka/src/return-await.ts',
    text: 'export async function once(send: () => Promise<number>): Promise<number> {\n  try {\n    return send();\n  } catch {\n    return 0;\n  }\n}\n',
  },
  {
    rule: '@typescript-eslint/switch-exhaustiveness-check',
    file: 'apps/orders/src/domain/states.ts',
    text: "export function isFinal(state: 'PLACED' | 'SHIPPED'): boolean {\n  switch (state) {\n    case 'SHIPPED':\n      return true;\n  }\n  return false;\n}\n",
  },
  {
    rule: '@typescript-eslint/consistent-type-imports',
    file: 'libs/kafka/src/type-import.ts',
    text: "import { OrderLine } from '@waybill/contracts';\n\nexport type Line = OrderLine;\n",
  },
  {
    rule: '@typescript-eslint/no-explicit-any',
    file: 'libs/kafka/src/any.ts',
    text: 'export const parse = (value: any): string => String(value);\n',
  },
  {
    rule: '@typescript-eslint/no-unsafe-member-access',
    file: 'libs/kafka/src/unsafe.ts',
    text: 'export const id = (value: string): unknown => JSON.parse(value).id;\n',
  },
  {
    rule: '@typescript-eslint/no-non-null-assertion',
    file: 'libs/kafka/src/non-null.ts',
    text: 'export const first = (rows: string[]): string => rows.at(0)!;\n',
  },
  {
    rule: '@typescript-eslint/only-throw-error',
    file: 'libs/kafka/src/throw.ts',
    text: "export function refuse(): never {\n  throw 'no';\n}\n",
  },
  {
    rule: 'curly',
    file: 'libs/kafka/src/curly.ts',
    text: 'export function sign(n: number): number {\n  if (n < 0) return -1;\n  return 1;\n}\n',
  },
  {
    rule: 'no-empty',
    file: 'libs/kafka/src/swallowed.ts',
    text: 'export function swallow(run: () => void): void {\n  try {\n    run();\n  } catch {}\n}\n',
  },
  {
    rule: 'no-console',
    file: 'libs/kafka/src/console.ts',
    text: "console.log('not a line of JSON');\n",
  },
  {
    rule: 'no-restricted-syntax',
    file: 'libs/kafka/src/export-all.ts',
    text: "export * from './index.js';\n",
  },
  {
    rule: 'simple-import-sort/imports',
    file: 'libs/kafka/src/unsorted.ts',
    text: "import { kafka } from './index.js';\nimport { sku } from '@waybill/contracts';\n\nexport const sum = kafka + sku;\n",
  },
  {
    rule: 'simple-import-sort/exports',
    file: 'libs/kafka/src/unsorted-exports.ts',
    text: "export { kafka as zebra, kafka as ant } from './index.js';\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'libs/kafka/src/testing.ts',
    text: "import '@waybill/testing';\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'libs/kafka/src/deep.ts',
    text: "import '@waybill/outbox/src/index.js';\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'libs/kafka/src/deep.spec.ts',
    text: "import '@waybill/outbox/src/index.js';\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'apps/orders/src/domain/nest.ts',
    text: "import '@nestjs/common';\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'apps/orders/src/domain/entity.ts',
    text: "import { Entity } from 'typeorm';\n\nexport const entity = Entity;\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'apps/orders/src/domain/row.ts',
    text: "import type { row } from '../persistence/row.js';\n\nexport type Row = typeof row;\n",
  },
  {
    rule: 'no-restricted-imports',
    file: 'apps/orders/src/domain/row.spec.ts',
    text: "import '../persistence/row.js';\n",
  },
];

describe('the lint rules', () => {
  let tree: BrokenWorkspace;
  let found: string[];

  beforeAll(async () => {
    tree = new BrokenWorkspace(Object.fromEntries(fixtures.map(({ file, text }) => [file, text])));
    const eslint = new ESLint({
      cwd: tree.root,
      overrideConfigFile: pathOf('eslint.config.mjs'),
      overrideConfig: { languageOptions: { parserOptions: { tsconfigRootDir: tree.root } } },
    });
    const results = await eslint.lintFiles(['apps', 'libs', 'infra', 'e2e']);
    found = results.flatMap((result) =>
      result.messages.map((message) => `${result.filePath.slice(tree.root.length + 1)} breaks ${message.ruleId}`),
    );
  }, 60_000);
  afterAll(() => {
    tree.remove();
  });

  it.each(fixtures)('$rule refuses $file', ({ rule, file }) => {
    expect(found).toContain(`${file} breaks ${rule}`);
  });

  it('leave the sound files of the fixture alone', () => {
    const guilty = new Set(fixtures.map(({ file }) => file));
    expect(found.filter((line) => !guilty.has(line.split(' ')[0]!))).toEqual([]);
  });

  it('are switched off nowhere without a reason beside it', () => {
    const bare = repositoryFiles('**/*.ts', '**/*.mjs').flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => /\/[/*]\s*eslint-disable/.test(line) && !/ -- \S/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(bare).toEqual([]);
  });
});
