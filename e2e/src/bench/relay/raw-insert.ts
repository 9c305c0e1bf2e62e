import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Ground } from '../ground.js';
import type { SeriesBook } from '../series.js';
import { OutboxWriter } from './outbox-writer.js';

export interface InsertOptions {
  readonly connections: number;
  readonly rowsPerTransaction: number;
  readonly seconds: number;
}

export const rawInsertName = ({ connections, rowsPerTransaction }: Omit<InsertOptions, 'seconds'>): string =>
  `raw insert, ${rowsPerTransaction === 1 ? 'a row' : `${rowsPerTransaction} rows`} a transaction, ${connections} connection${connections === 1 ? '' : 's'}`;

/** What Postgres takes in at most, with nobody who reads the outbox. */
export async function rawInsert(ground: Ground, book: SeriesBook, options: InsertOptions): Promise<void> {
  const { connections, rowsPerTransaction, seconds } = options;
  const database = await ground.database();
  const writers = await Promise.all(
    Array.from({ length: connections }, (_, own) => OutboxWriter.connect(database.url, own, connections)),
  );
  try {
    await Promise.all(writers.map((writer) => writer.write(rowsPerTransaction, 0)));
    const roots = { node: [process.pid], postgres: [ground.pids.postgres] };
    const before = cpuSeconds(roots);
    const started = performance.now();
    const end = started + seconds * 1_000;
    let rows = 0;
    await Promise.all(
      writers.map(async (writer) => {
        while (performance.now() < end) {
          await writer.write(rowsPerTransaction, 0);
          rows += rowsPerTransaction;
        }
      }),
    );
    const note = cpuNote(before, cpuSeconds(roots), rows);
    book.add(rawInsertName(options), 'rows/s', rows / ((performance.now() - started) / 1_000), note);
  } finally {
    await Promise.all(writers.map((writer) => writer.end()));
    await database.drop();
  }
}
