import { describe, expect, it } from 'vitest';
import type { TableShape } from './table-shape.js';
import { touchedTables } from './touched-tables.js';

const shape = (name: string, ...indexes: string[]): [string, TableShape] => [
  name,
  { name, columns: [], checks: [], foreignKeys: [], primaryKey: [], uniqueColumns: [], indexes },
];
const tables = new Map([shape('orders', 'orders_pkey', 'orders_status'), shape('order_lines'), shape('Odd One')]);

describe('the tables that statements deal with', () => {
  it.each([
    ['ALTER TABLE orders ADD x text', ['orders']],
    ['alter table ONLY public.ORDERS add x text', ['orders']],
    ['DROP INDEX CONCURRENTLY orders_status', ['orders']],
    ['ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id)', ['orders', 'order_lines']],
    ['ALTER TABLE "Odd One" ADD x text', ['Odd One']],
    ['CREATE TABLE orders_archive (id uuid)', []],
  ])('%s', (statement, expected) => {
    expect(touchedTables([statement], tables)).toEqual(expected);
  });
});
