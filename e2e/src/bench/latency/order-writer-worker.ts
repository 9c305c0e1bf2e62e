import { createConnection, createDataSource, transaction } from '@waybill/database';
import { Outbox, OutboxSignal } from '@waybill/outbox';
import { now } from '../clock.js';
import { aggregate, AGGREGATES, EVENT_TYPE, payloadOf } from '../event-stock.js';
import { serve, settingsOf } from '../worker-channel.js';

/** A service that writes an event now and then, with our libraries, in a process of its own. */
export interface OrderWriterSettings {
  readonly databaseUrl: string;
}

export interface WriteOrder {
  readonly perSecond: number;
  readonly seconds: number;
}

/** By the number of the event, which is its correlation id. */
export interface WriteAnswer {
  readonly startedAt: Float64Array;
  readonly committedAt: Float64Array;
}

const { databaseUrl } = settingsOf<OrderWriterSettings>();
const dataSource = createDataSource({ url: databaseUrl, applicationName: 'bench-writer' });
await dataSource.initialize();
const signal = new OutboxSignal({
  connect: async () => {
    const client = createConnection({ url: databaseUrl, applicationName: 'bench-writer-signal' });
    await client.connect();
    return client;
  },
});
signal.watch(dataSource);
signal.start();
const outbox = new Outbox('orders');
let numbered = 0;

serve({
  write: async (argument): Promise<WriteAnswer> => {
    const { perSecond, seconds } = argument as WriteOrder;
    const startedAt: number[] = [];
    const committedAt: number[] = [];
    const begun = performance.now();
    for (let index = 0; index < perSecond * seconds; index++) {
      const wait = begun + (index * 1_000) / perSecond - performance.now();
      if (wait > 0) {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
      startedAt.push(now());
      await write(numbered++);
      committedAt.push(now());
    }
    return { startedAt: Float64Array.from(startedAt), committedAt: Float64Array.from(committedAt) };
  },
  stop: async () => {
    await signal.stop();
    await dataSource.destroy();
  },
});

async function write(number: number): Promise<void> {
  const { id } = aggregate(number);
  await transaction(dataSource, (manager) =>
    outbox.append(manager, {
      type: EVENT_TYPE,
      aggregateId: id,
      version: Math.floor(number / AGGREGATES) + 1,
      orderId: id,
      data: JSON.parse(payloadOf(id)),
      correlationId: String(number),
    }),
  );
}
