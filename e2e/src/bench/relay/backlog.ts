import { setTimeout as sleep } from 'node:timers/promises';
import type { Ground } from '../ground.js';
import { lineChart } from '../line-chart.js';
import type { Findings } from '../report.js';
import { deviation, median } from '../statistics.js';
import { fillOutbox } from './outbox-backlog.js';
import { RelayTeam } from './relay-team.js';

export interface BacklogOptions {
  readonly rows: number;
  readonly say: (line: string) => void;
}

interface Sample {
  readonly seconds: number;
  readonly published: number;
  readonly relayMiB: number;
}

/** What piled up while the relay was away. */
const FILL_ROWS = 50_000;
const SAMPLE_MS = 500;
const WINDOWS = 10;
const TIMEOUT_MS = 600_000;

/** A relay that comes back to a very long outbox: whether the length costs anything. */
export async function backlog(ground: Ground, { rows, say }: BacklogOptions): Promise<Findings> {
  const database = await ground.database();
  try {
    say(`${rows} rows into the outbox`);
    for (let filled = 0; filled < rows; filled += FILL_ROWS) {
      await fillOutbox(database, Math.min(FILL_ROWS, rows - filled), filled);
    }
    await database.query('CHECKPOINT');
    say('the relay starts');
    const team = await RelayTeam.start({ databaseUrl: database.url, brokers: ground.brokers, size: 1 });
    try {
      return findingsOf(await samplesOf(ground, team, rows, say), rows);
    } finally {
      await team.stop();
    }
  } finally {
    await database.drop();
    await ground.emptyTopic();
  }
}

async function samplesOf(ground: Ground, team: RelayTeam, rows: number, say: (line: string) => void): Promise<Sample[]> {
  const samples: Sample[] = [];
  const started = performance.now();
  for (;;) {
    const [relay] = await team.status();
    const seconds = (performance.now() - started) / 1_000;
    const published = relay?.published ?? 0;
    samples.push({ seconds, published, relayMiB: (relay?.residentBytes ?? 0) / 2 ** 20 });
    if (published >= rows) {
      return samples;
    }
    if (seconds * 1_000 > TIMEOUT_MS) {
      throw new Error(`${rows - published} of ${rows} rows were still there after ${TIMEOUT_MS / 1_000} s`);
    }
    if (samples.length % 20 === 0) {
      say(`${published} rows after ${Math.round(seconds)} s`);
      await ground.emptyTopic();
    }
    await sleep(SAMPLE_MS);
  }
}

/** The rate in each tenth of the rows. */
export function ratesOf(samples: readonly Sample[]): { readonly seconds: number; readonly value: number }[] {
  const total = samples.at(-1)?.published ?? 0;
  const first = samples[0] ?? { seconds: 0, published: 0 };
  const rates: { seconds: number; value: number }[] = [];
  let from = first;
  for (let window = 1; window <= WINDOWS; window++) {
    const goal = first.published + ((total - first.published) * window) / WINDOWS;
    const to = samples.find(({ published }) => published >= goal);
    if (to !== undefined && to.published > from.published) {
      rates.push({ seconds: to.seconds, value: (to.published - from.published) / (to.seconds - from.seconds) });
      from = to;
    }
  }
  return rates;
}

function findingsOf(samples: readonly Sample[], rows: number): Findings {
  const rates = ratesOf(samples);
  const values = rates.map(({ value }) => value);
  const later = samples.slice(Math.floor(samples.length / 4)).map(({ relayMiB }) => relayMiB);
  const end = samples.at(-1)?.relayMiB ?? Number.NaN;
  const rateTitle = 'A long backlog, rows a second in each tenth';
  const memoryTitle = 'A long backlog, memory of the relay';
  return {
    series: [],
    figures: [
      { name: 'rows', value: rows, unit: '' },
      { name: 'rate, median of tenths', value: median(values), unit: 'rows/s' },
      { name: 'rate, slowest tenth', value: Math.min(...values), unit: 'rows/s' },
      { name: 'rate, quickest tenth', value: Math.max(...values), unit: 'rows/s' },
      { name: 'farthest from the median', value: deviation(values), unit: 'x', goal: { at: 'most', value: 0.2 } },
      { name: 'memory of the relay, largest', value: Math.max(...samples.map(({ relayMiB }) => relayMiB)), unit: 'MiB', goal: { at: 'most', value: 250 } },
      { name: 'memory at the end, of its median after the first quarter', value: end / median(later), unit: 'x', goal: { at: 'most', value: 1.2 } },
    ],
    charts: [
      { name: 'backlog-rate', title: rateTitle, svg: lineChart(rateTitle, 'rows/s', [{ name: 'relay', points: rates }]) },
      {
        name: 'backlog-memory',
        title: memoryTitle,
        svg: lineChart(memoryTitle, 'MiB', [{ name: 'relay', points: samples.map(({ seconds, relayMiB }) => ({ seconds, value: relayMiB })) }]),
      },
    ],
    remarks: [],
  };
}
