import { contract, createDataSource, migrate } from '@waybill/database';
import { createTestDatabase } from '@waybill/testing';
import { expect, inject, it } from 'vitest';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';
import { migrations } from './migrations.js';
import { OrderEntity, OrderLineEntity } from './order.entity.js';

it('the entities have the columns of the tables that the migrations make, contracts included', async () => {
  const database = await createTestDatabase(inject('postgresAdminUrl'));
  const settings = { url: database.url, applicationName: 'spec', migrations, log: () => undefined };
  await migrate(settings);
  await contract(settings);
  const dataSource = await createDataSource({
    url: database.url,
    applicationName: 'spec',
    entities: [OrderEntity, OrderLineEntity, IdempotencyKeyEntity],
  }).initialize();
  for (const { tableName, columns } of dataSource.entityMetadatas) {
    const made = await database.query<{ name: string; type: string; nullable: boolean }>(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type, NOT attnotnull AS nullable FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`,
      [tableName],
    );
    const said = columns.map(({ databaseName: name, type, isNullable: nullable }) => ({ name, type, nullable }));
    const spelled = said.map((column) => (column.type === 'timestamptz' ? { ...column, type: 'timestamp with time zone' } : column));
    expect(spelled.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(made);
  }
  await dataSource.destroy();
  await database.drop();
});
