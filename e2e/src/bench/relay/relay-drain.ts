import { now } from '../clock.js';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Ground } from '../ground.js';
import type { Driver } from '../kafka-driver.js';
import type { SeriesBook } from '../series.js';
import { emptyOutbox, fillOutbox, wakeRelays } from './outbox-backlog.js';
import { RelayTeam } from './relay-team.js';

export interface DrainOptions {
  readonly relays: number;
  readonly rows: number;
  readonly driver?: Driver;
}

export const drainName = ({ relays, driver = 'kafkajs' }: Omit<DrainOptions, 'rows'>): string =>
  `relay, ${relays === 1 ? 'one process' : `${relays} processes`}${driver === 'kafkajs' ? '' : `, ${driver}`}`;

const WARM_UP_ROWS = 5_000;
const TIMEOUT_MS = 300_000;

/** A backlog that appears with one commit, until the broker has acknowledged all of it. */
export async function drain(ground: Ground, book: SeriesBook, options: DrainOptions): Promise<void> {
  const { relays, rows, driver = 'kafkajs' } = options;
  const database = await ground.database();
  try {
    const team = await RelayTeam.start({ databaseUrl: database.url, brokers: ground.brokers, size: relays, driver });
    try {
      await fillOutbox(database, WARM_UP_ROWS);
      await wakeRelays(database);
      await team.publishes(WARM_UP_ROWS, 0, TIMEOUT_MS);
      await emptyOutbox(database);
      const roots = { node: team.pids, postgres: [ground.pids.postgres], kafka: [ground.pids.kafka] };
      await fillOutbox(database, rows, WARM_UP_ROWS);
      const before = cpuSeconds(roots);
      const committed = now();
      await wakeRelays(database);
      const lastAt = await team.publishes(rows, WARM_UP_ROWS, TIMEOUT_MS);
      const note = cpuNote(before, cpuSeconds(roots), rows);
      book.add(drainName(options), 'rows/s', rows / ((lastAt - committed) / 1_000), note);
    } finally {
      await team.stop();
    }
  } finally {
    await database.drop();
    await ground.emptyTopic();
  }
}
