import 'reflect-metadata';
import { TypeORMDatabaseDriver, TypeOrmOutboxTransportEvent } from '@fullstackhouse/nestjs-outbox-typeorm-driver';
import { DataSource } from 'typeorm';
import { serve, settings } from './channel.mjs';
import { drained } from './drained.mjs';
import { message, sendMany, sendOne, stockProducer } from './stock-producer.mjs';

const dataSource = await new DataSource({
  type: 'postgres',
  url: settings.databaseUrl,
  entities: [TypeOrmOutboxTransportEvent],
  synchronize: true,
}).initialize();
const producer = await stockProducer();
const HOUR_MS = 3_600_000;
const BATCH = 100;
const resolver = { resolve: () => ({ name: 'placed', listeners: { retentionPeriod: HOUR_MS, maxExecutionTime: 10_000, maxRetries: 5 } }) };
const driver = new TypeORMDatabaseDriver(dataSource, resolver);

serve({
  async fill({ rows, payloads }) {
    for (let row = 0; row < rows; row++) {
      const payload = payloads[row % payloads.length];
      driver.persist(driver.createOutboxTransportEvent('placed', payload, Date.now() + HOUR_MS, Date.now() - 1_000));
    }
    await driver.flush();
    await dataSource.query('VACUUM ANALYZE outbox_transport_event');
  },
  drain: ({ rows, timeoutMs }) =>
    drained(rows, timeoutMs, async (published) => {
      let stopped = false;
      const work = (async () => {
        while (!stopped) {
          const { pendingEvents } = await driver.findAndExtendReadyToRetryEvents(BATCH);
          if (pendingEvents.length === 0) {
            return;
          }
          // One send for all of them is our kindness: its listeners get one event at a time.
          if (settings.variant === 'together') {
            await sendMany(producer, pendingEvents.map(({ id, eventPayload }) => message(id, eventPayload)));
          } else {
            for (const { id, eventPayload } of pendingEvents) {
              await sendOne(producer, id, eventPayload);
            }
          }
          for (const event of pendingEvents) {
            await driver.remove(event);
          }
          await driver.flush();
          pendingEvents.forEach(published);
        }
      })();
      return async () => {
        stopped = true;
        await work;
      };
    }),
  async stop() {
    await producer.disconnect();
    await dataSource.destroy();
  },
});
