import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokenWorkspace } from './broken-workspace.js';
import { pathOf, root } from './repository.js';

interface Fixture {
  readonly rule: string;
  readonly file: string;
  readonly text: string;
}

/** One file for each rule (two where a rule has two sides), breaking that rule and no other. */
const fixtures: Fixture[] = [
  { rule: 'no-cycle', file: 'libs/kafka/src/hen.ts', text: "import './egg.js';\n" },
  { rule: 'no-cycle', file: 'libs/kafka/src/egg.ts', text: "import './hen.js';\n" },
  { rule: 'no-unresolvable', file: 'libs/kafka/src/nowhere.ts', text: "import './no-such-file.js';\n" },
  { rule: 'no-unresolvable', file: 'libs/kafka/src/not-exported.ts', text: "import '@waybill/kafka/src/index.js';\n" },
  {
    rule: 'projects-meet-by-name',
    file: 'apps/orders/src/by-path.ts',
    text: "import '../../../libs/kafka/src/index.js';\n",
  },
  {
    rule: 'apps-never-import-one-another',
    file: 'apps/orders/src/other-app.ts',
    text: "import '../../inventory/src/index.js';\n",
  },
  { rule: 'apps-know-libs-only', file: 'apps/orders/src/tool.ts', text: "import '../../../infra/local/src/index.js';\n" },
  { rule: 'apps-know-libs-only', file: 'apps/orders/src/story.ts', text: "import '../../../e2e/src/index.js';\n" },
  { rule: 'libs-know-no-app', file: 'libs/kafka/src/app.ts', text: "import '../../../apps/orders/src/index.js';\n" },
  {
    rule: 'platform-libs-never-import-one-another',
    file: 'libs/outbox/src/sibling.ts',
    text: "import '@waybill/kafka';\n",
  },
  {
    rule: 'platform-libs-never-import-one-another',
    file: 'libs/outbox/src/sibling.int.spec.ts',
    text: "import '@waybill/kafka';\n",
  },
  {
    rule: 'platform-libs-never-import-one-another',
    file: 'libs/outbox/src/upwards.ts',
    text: "import type { runService } from '@waybill/service-defaults';\n\nexport type Run = typeof runService;\n",
  },
  { rule: 'core-knows-core-only', file: 'libs/contracts/src/platform.ts', text: "import '@waybill/kafka';\n" },
  { rule: 'core-knows-no-framework', file: 'libs/contracts/src/nest.ts', text: "import '@nestjs/common';\n" },
  { rule: 'core-knows-no-framework', file: 'libs/contracts/src/orm.ts', text: "import 'typeorm';\n" },
  { rule: 'testing-knows-core-only', file: 'libs/testing/src/platform.ts', text: "import '@waybill/outbox';\n" },
  { rule: 'testing-only-in-tests', file: 'libs/kafka/src/production.ts', text: "import '@waybill/testing';\n" },
  { rule: 'testing-only-in-tests', file: 'libs/contracts/src/production.ts', text: "import '@waybill/testing';\n" },
  { rule: 'testing-only-in-tests', file: 'apps/orders/src/production.ts', text: "import '@waybill/testing';\n" },
  { rule: 'domain-knows-nothing', file: 'apps/orders/src/domain/nest.ts', text: "import '@nestjs/common';\n" },
  { rule: 'domain-knows-nothing', file: 'apps/orders/src/domain/row.ts', text: "import '../persistence/row.js';\n" },
  { rule: 'domain-knows-nothing', file: 'apps/orders/src/domain/clock.ts', text: "import 'node:timers';\n" },
  { rule: 'domain-knows-nothing', file: 'apps/orders/src/domain/platform.ts', text: "import '@waybill/kafka';\n" },
  {
    rule: 'domain-takes-types-from-contracts',
    file: 'apps/orders/src/domain/schema.ts',
    text: "import { sku } from '@waybill/contracts';\n\nexport const schema = sku;\n",
  },
  { rule: 'use-cases-know-no-door', file: 'apps/orders/src/use-cases/http.ts', text: "import '../http/door.js';\n" },
  {
    rule: 'tools-know-platform-and-core',
    file: 'infra/local/src/defaults.ts',
    text: "import '@waybill/service-defaults';\n",
  },
  {
    rule: 'tools-know-platform-and-core',
    file: 'apps/cli/src/service.ts',
    text: "import '../../orders/src/index.js';\n",
  },
  { rule: 'services-load-no-tool', file: 'apps/orders/src/linter.ts', text: "import '@waybill/migration-lint';\n" },
  { rule: 'services-load-no-tool', file: 'libs/service-defaults/src/linter.ts', text: "import '@waybill/migration-lint';\n" },
  { rule: 'e2e-looks-from-outside', file: 'e2e/src/inside.ts', text: "import '../../apps/orders/src/index.js';\n" },
  {
    rule: 'e2e-looks-from-outside',
    file: 'e2e/src/model/inside.ts',
    text: "import '../../../apps/orders/src/domain/order.js';\n",
  },
  {
    rule: 'models-walk-rules-only',
    file: 'e2e/src/model/inside.spec.ts',
    text: "import '../../../apps/orders/src/index.js';\n",
  },
  { rule: 'models-walk-rules-only', file: 'e2e/src/model/lib.spec.ts', text: "import '@waybill/outbox';\n" },
  { rule: 'e2e-looks-from-outside', file: 'e2e/src/platform.ts', text: "import '@waybill/outbox';\n" },
  {
    rule: 'bench-knows-the-parts-it-measures',
    file: 'e2e/src/bench/defaults.ts',
    text: "import '@waybill/service-defaults';\n",
  },
  {
    rule: 'preloads-know-the-parts-they-change',
    file: 'e2e/src/prove/museum/defaults.ts',
    text: "import '@waybill/service-defaults';\n",
  },
];

/** The rules as `npm run lint` reads them, on another folder. */
async function cruiseTree(baseDir: string): Promise<ICruiseResult> {
  const { options, ...ruleSet } = await extractDepcruiseConfig(pathOf('.dependency-cruiser.mjs'));
  const { tsConfig, ...ours } = options as ICruiseOptions;
  const { output } = await cruise(
    ['apps', 'libs', 'infra/local', 'e2e'],
    { ...ours, baseDir, ruleSet, validate: true },
    undefined,
    { tsConfig: extractTSConfig(pathOf('tsconfig.base.json')) },
  );
  return output as ICruiseResult;
}

/** "file breaks rule", for every import that breaks one; by import, as a summary names a pair of files only once. */
function broken(result: ICruiseResult): string[] {
  return result.modules
    .flatMap((module) =>
      module.dependencies.flatMap((dependency) =>
        (dependency.rules ?? []).map((rule) => `${module.source} breaks ${rule.name}`),
      ),
    )
    .sort();
}

describe('the arrows between projects', () => {
  let tree: BrokenWorkspace;
  let found: string[];

  beforeAll(async () => {
    tree = new BrokenWorkspace(Object.fromEntries(fixtures.map(({ file, text }) => [file, text])));
    found = broken(await cruiseTree(tree.root));
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

  it('have a fixture for each of their rules', async () => {
    const config = await extractDepcruiseConfig(pathOf('.dependency-cruiser.mjs'));
    const rules = (config.forbidden ?? []).map((rule) => rule.name);
    expect(new Set(rules)).toEqual(new Set(fixtures.map(({ rule }) => rule)));
  });

  it('hold in the tree', async () => {
    const result = await cruiseTree(root);
    expect(broken(result)).toEqual([]);
    // Not by blindness: an import by name leads to the other project's source, where the rules can see it.
    const byName = result.modules
      .flatMap((module) => module.dependencies)
      .find((dependency) => dependency.module === '@waybill/contracts');
    expect(byName?.resolved).toBe('libs/contracts/src/index.ts');
  }, 60_000);
});
