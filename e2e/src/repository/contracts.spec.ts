import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathOf } from './repository.js';

let copy: string;

beforeEach(() => {
  copy = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-contracts-')));
  for (const file of ['package.json', 'tsconfig.base.json', 'vitest.config.ts', 'libs/contracts']) {
    cpSync(pathOf(file), join(copy, file), { recursive: true, filter: (path) => !/node_modules|dist$/.test(path) });
  }
  symlinkSync(pathOf('node_modules'), join(copy, 'node_modules'), 'dir');
});
afterEach(() => {
  rmSync(copy, { recursive: true, force: true });
});

/** What CI runs for the unit tests, of the contracts alone, in a copy in which somebody has changed a file. */
function runTests(env: NodeJS.ProcessEnv = {}, spec = 'checked-in') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [pathOf('node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', `libs/contracts/src/${spec}.spec.ts`],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', ...env } },
  );
  return { passed: status === 0, output: stdout + stderr };
}

function edit(file: string, from: string, to: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

describe('a change of the contracts', () => {
  it('that breaks a published event fails the tests, and cannot be published either', () => {
    edit('libs/contracts/src/fields.ts', 'z.int().min(1).max(10_000)', 'z.int().min(1).max(20_000)');
    for (const env of [{}, { UPDATE: '1' }]) {
      const { passed, output } = runTests(env);
      expect(passed).toBe(false);
      expect(output).toContain(
        'waybill.order.placed.v1 /lines/*/quantity: consumers that know form 1 cannot read what is written now: the reader demands maximum 10000, the writer goes by 20000.',
      );
    }
  }, 60_000);

  it('that every consumer survives fails the tests until it is published, and then passes', () => {
    edit('libs/contracts/src/orders.ts', 'orderId: z.uuid(), customerId: z.uuid(),', 'orderId: z.uuid(), customerId: z.uuid(), note: text(500).optional(),');
    expect(runTests().passed).toBe(false);
    expect(runTests({ UPDATE: '1' }).passed).toBe(true);
    const form = JSON.parse(readFileSync(join(copy, 'libs/contracts/published/waybill.order.placed.v1/2.json'), 'utf8'));
    expect(form.properties).toHaveProperty('note');
    expect(runTests().passed).toBe(true);
  }, 60_000);

  it('that lets a producer go first fails the tests, and passes once every consumer reads the new version', () => {
    edit('libs/contracts/src/versions.ts', "'waybill.shipment.dispatched': 1", "'waybill.shipment.dispatched': 2");
    const inventory = ["'waybill.order.cancelled.v1', 'waybill.shipment.dispatched.v2'", "'waybill.order.cancelled.v1', 'waybill.shipment.dispatched.v1'"] as const;
    edit('libs/contracts/src/topics.ts', ...inventory);
    const { passed, output } = runTests({}, 'topics');
    expect(passed).toBe(false);
    expect(output).toContain('inventory does not read waybill.shipment.dispatched.v2');
    edit('libs/contracts/src/topics.ts', inventory[1], inventory[0]);
    expect(runTests({}, 'topics').passed).toBe(true);
  }, 60_000);
});
