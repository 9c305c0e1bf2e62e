import type { Migration, MigrationClass } from '@waybill/database';
import { describe, expect, it } from 'vitest';
import { chooseMigrations } from './rehearsal-choice.js';

const migration = (name: string): MigrationClass =>
  ({
    [name]: class implements Migration {
      async up(): Promise<void> {}
      async down(): Promise<void> {}
    },
  })[name] as MigrationClass;
const all = [
  { service: 'orders' as const, migrations: [migration('Parking1764100000000'), migration('Note1764600000000')], ledger: {} },
  { service: 'shipping' as const, migrations: [migration('Parking1764100000000')], ledger: {} },
];
const chosen = async (named: readonly string[], onlyNew = false) =>
  (await chooseMigrations(all, named, onlyNew)).map(({ service, names }) => [service, ...names]);

describe('the migrations that are rehearsed', () => {
  it('are those that belong in the ledger, unless some are named', async () => {
    expect(await chosen([])).toEqual([['orders', 'Note1764600000000']]);
    expect(await chosen(['Parking1764100000000'])).toEqual([
      ['orders', 'Parking1764100000000'],
      ['shipping', 'Parking1764100000000'],
    ]);
  });

  it('can be named by their moment', async () => {
    expect(await chosen(['1764600000000'])).toEqual([['orders', 'Note1764600000000']]);
  });

  it('are known: another name is answered with those that there are', async () => {
    await expect(chosen(['Nobody'])).rejects.toThrow(
      'There is no migration "Nobody". There are\n  orders: Parking1764100000000, Note1764600000000\n  shipping: Parking1764100000000',
    );
  });

  it('are those without a good entry where only new ones are wanted', async () => {
    expect(await chosen([], true)).toEqual([['orders', 'Note1764600000000']]);
    expect(await chosen(['Parking1764100000000'], true)).toEqual([]);
  });
});
