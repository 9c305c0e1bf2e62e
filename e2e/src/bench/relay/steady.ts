import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '@waybill/testing';
import type { Ground } from '../ground.js';
import { lineChart } from '../line-chart.js';
import type { Findings } from '../report.js';
import { median, percentile } from '../statistics.js';
import { Worker } from '../worker.js';
import { latencies } from './latencies.js';
import { RelayTeam } from './relay-team.js';
import type { StreamAnswer, StreamOrder, StreamSettings } from './stream-worker.js';

export interface SteadyOptions {
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const ROWS_PER_SECOND = 2_000;
const CONNECTIONS = 8;
const WINDOW_SECONDS = 10;

interface Window {
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly indexMiB: number;
  readonly tableMiB: number;
  readonly deadTuples: number;
  readonly relayMiB: number;
}

/** A row a transaction, for minutes: whether anything grows or slows down. */
export async function steady(ground: Ground, { seconds, say }: SteadyOptions): Promise<Findings> {
  const database = await ground.database();
  const team = await RelayTeam.start({ databaseUrl: database.url, brokers: ground.brokers, size: 1, keepTimes: true });
  const settings: StreamSettings = { databaseUrl: database.url, connections: CONNECTIONS };
  const writer = await Worker.start({ program: new URL('./stream-worker.js', import.meta.url), settings });
  const windows: Window[] = [];
  try {
    const order = (duration: number): StreamOrder => ({
      rowsPerSecond: ROWS_PER_SECOND,
      rowsPerTransaction: 1,
      seconds: duration,
    });
    await writer.ask<StreamAnswer>('stream', order(WINDOW_SECONDS / 2));
    await team.times();
    while (windows.length * WINDOW_SECONDS < seconds) {
      const before = await team.published();
      const started = performance.now();
      const answer = await writer.ask<StreamAnswer>('stream', order(WINDOW_SECONDS));
      const carried = (await team.published()) - before;
      const rowsPerSecond = carried / ((performance.now() - started) / 1_000);
      const state = await stateOf(database, team);
      // The last rows are on their way still; their times belong to this window.
      await sleep(200);
      const found = latencies(answer, await team.times());
      const window = { seconds: (windows.length + 1) * WINDOW_SECONDS, rowsPerSecond, p50: percentile(found, 0.5), p99: percentile(found, 0.99), ...state };
      windows.push(window);
      say(
        `${window.seconds} s: ${Math.round(rowsPerSecond)} rows/s, p50 ${window.p50.toFixed(1)} ms, p99 ${window.p99.toFixed(1)} ms, index ${window.indexMiB.toFixed(1)} MiB, ${window.deadTuples} dead, relay ${Math.round(window.relayMiB)} MiB`,
      );
      await ground.emptyTopic();
    }
  } finally {
    await writer.ask('stop').catch(() => undefined);
    await writer.stop();
    await team.stop();
    await database.drop();
  }
  return findingsOf(windows);
}

async function stateOf(database: TestDatabase, team: RelayTeam) {
  const [row] = await database.query<{ index: string; table: string; dead: string }>(
    `SELECT pg_indexes_size('outbox') AS index, pg_relation_size('outbox') AS table,
       (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'outbox') AS dead`,
  );
  const [relay] = await team.status();
  return {
    indexMiB: Number(row?.index) / 2 ** 20,
    tableMiB: Number(row?.table) / 2 ** 20,
    deadTuples: Number(row?.dead),
    relayMiB: (relay?.residentBytes ?? 0) / 2 ** 20,
  };
}

function findingsOf(windows: readonly Window[]): Findings {
  const last = windows.slice(-Math.max(1, Math.floor(windows.length / 5)));
  const first = windows.slice(0, last.length);
  const of = (some: readonly Window[], value: (window: Window) => number) => median(some.map(value));
  const most = (value: (window: Window) => number) => Math.max(...windows.map(value));
  const line = (name: string, value: (window: Window) => number) => ({
    name,
    points: windows.map((window) => ({ seconds: window.seconds, value: value(window) })),
  });
  const latencyTitle = `Commit to acknowledged at ${ROWS_PER_SECOND} rows/s`;
  const sizeTitle = `Size of the outbox at ${ROWS_PER_SECOND} rows/s`;
  return {
    series: [],
    figures: [
      { name: 'rows a second, last fifth', value: of(last, (each) => each.rowsPerSecond), unit: 'rows/s', goal: { at: 'least', value: ROWS_PER_SECOND * 0.97 } },
      { name: 'rows a second, last fifth of first', value: of(last, (each) => each.rowsPerSecond) / of(first, (each) => each.rowsPerSecond), unit: 'x', goal: { at: 'least', value: 0.97 } },
      { name: 'commit to acknowledged, p50, first fifth', value: of(first, (each) => each.p50), unit: 'ms' },
      { name: 'commit to acknowledged, p50, last fifth', value: of(last, (each) => each.p50), unit: 'ms' },
      { name: 'p50, last fifth of first', value: of(last, (each) => each.p50) / of(first, (each) => each.p50), unit: 'x', goal: { at: 'most', value: 1.25 } },
      { name: 'commit to acknowledged, p99, last fifth', value: of(last, (each) => each.p99), unit: 'ms' },
      { name: 'indexes of the outbox, largest', value: most((each) => each.indexMiB), unit: 'MiB', goal: { at: 'most', value: 4 } },
      { name: 'table of the outbox, largest', value: most((each) => each.tableMiB), unit: 'MiB' },
      { name: 'dead tuples, most', value: most((each) => each.deadTuples), unit: '' },
      { name: 'memory of the relay, largest', value: most((each) => each.relayMiB), unit: 'MiB', goal: { at: 'most', value: 250 } },
    ],
    charts: [
      { name: 'steady-latency', title: latencyTitle, svg: lineChart(latencyTitle, 'ms', [line('p50', (each) => each.p50), line('p99', (each) => each.p99)]) },
      { name: 'steady-size', title: sizeTitle, svg: lineChart(sizeTitle, 'MiB', [line('indexes', (each) => each.indexMiB), line('table', (each) => each.tableMiB)]) },
    ],
    remarks: [`${CONNECTIONS} connections, a row a transaction, in windows of ${WINDOW_SECONDS} seconds.`],
  };
}
