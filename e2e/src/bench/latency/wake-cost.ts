import { createConnection } from '@waybill/database';
import { OutboxSignal } from '@waybill/outbox';
import type { Ground } from '../ground.js';
import { OutboxWriter } from '../relay/outbox-writer.js';
import type { SeriesBook } from '../series.js';

const CONNECTIONS = 16;
const SECONDS = 2;

export const wakeModes = ['nobody is woken', 'NOTIFY in each transaction', 'our wake-up after the commit'] as const;
export type WakeMode = (typeof wakeModes)[number];

export const wakeName = (mode: WakeMode): string => `${CONNECTIONS} writers, ${mode}`;

/** Transactions a second of writers on sixteen connections, by how the relay is woken; no relay runs. */
export async function wakeCost(ground: Ground, book: SeriesBook, mode: WakeMode): Promise<void> {
  const database = await ground.database();
  const signal = new OutboxSignal({
    connect: async () => {
      const client = createConnection({ url: database.url, applicationName: 'bench-wake' });
      await client.connect();
      return client;
    },
  });
  const writers = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, own) => OutboxWriter.connect(database.url, own, CONNECTIONS)),
  );
  const inTransaction = mode === 'NOTIFY in each transaction' ? ['NOTIFY waybill_outbox'] : [];
  try {
    signal.start();
    await Promise.all(writers.map((writer) => writer.write(1, 0, inTransaction)));
    const started = performance.now();
    let transactions = 0;
    await Promise.all(
      writers.map(async (writer) => {
        while (performance.now() - started < SECONDS * 1_000) {
          await writer.write(1, 0, inTransaction);
          transactions++;
          if (mode === 'our wake-up after the commit') {
            signal.committed();
          }
        }
      }),
    );
    book.add(wakeName(mode), 'tx/s', transactions / ((performance.now() - started) / 1_000));
  } finally {
    await Promise.all(writers.map((writer) => writer.end()));
    await signal.stop();
    await database.drop();
  }
}
