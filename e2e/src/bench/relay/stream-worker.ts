import { createConnection } from '@waybill/database';
import { OutboxSignal } from '@waybill/outbox';
import { now } from '../clock.js';
import { serve, settingsOf } from '../worker-channel.js';
import { OutboxWriter } from './outbox-writer.js';

/** Writes a steady stream of events, in a process of its own, and wakes the relays as a service does. */
export interface StreamSettings {
  readonly databaseUrl: string;
  readonly connections: number;
}

export interface StreamOrder {
  readonly rowsPerSecond: number;
  readonly rowsPerTransaction: number;
  readonly seconds: number;
}

export interface StreamAnswer {
  /** When each transaction was committed, by its number, from the first of this order on. */
  readonly first: number;
  readonly committed: Float64Array;
  readonly rows: number;
  readonly seconds: number;
}

const settings = settingsOf<StreamSettings>();
const signal = new OutboxSignal({
  connect: async () => {
    const client = createConnection({ url: settings.databaseUrl, applicationName: 'bench-stream' });
    await client.connect();
    return client;
  },
});
signal.start();
const writers = await Promise.all(
  Array.from({ length: settings.connections }, (_, own) => OutboxWriter.connect(settings.databaseUrl, own, settings.connections)),
);
let numbered = 0;

serve({
  stream: async (argument): Promise<StreamAnswer> => stream(argument as StreamOrder),
  stop: async () => {
    await signal.stop();
    await Promise.all(writers.map((writer) => writer.end()));
  },
});

/** Each transaction has its moment; who is late does not wait, so that the rate is kept as long as it can be. */
async function stream({ rowsPerSecond, rowsPerTransaction, seconds }: StreamOrder): Promise<StreamAnswer> {
  const first = numbered;
  const committed: number[] = [];
  const everyMs = (rowsPerTransaction / rowsPerSecond) * 1_000;
  const started = performance.now();
  const work = async (writer: OutboxWriter) => {
    for (;;) {
      const number = numbered++;
      const due = started + (number - first) * everyMs;
      if (due - started > seconds * 1_000 || performance.now() - started > seconds * 1_000) {
        return;
      }
      const wait = due - performance.now();
      if (wait > 0) {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
      await writer.write(rowsPerTransaction, number);
      committed[number - first] = now();
      signal.committed();
    }
  };
  await Promise.all(writers.map(work));
  const done = committed.filter((at) => at !== undefined).length;
  return {
    first,
    // What was numbered and not written has no time.
    committed: Float64Array.from(committed, (at) => at ?? Number.NaN),
    rows: done * rowsPerTransaction,
    seconds: (performance.now() - started) / 1_000,
  };
}
