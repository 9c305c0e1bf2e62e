import { barChart } from '../bar-chart.js';
import type { Figure } from '../figure.js';
import type { Ground } from '../ground.js';
import { drivers } from '../kafka-driver.js';
import { ratios } from '../ratio.js';
import type { Findings } from '../report.js';
import { inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';
import { idleLatency, idleName } from './idle-latency.js';
import { wakeCost, wakeModes, wakeName } from './wake-cost.js';

export interface LatencyPartOptions {
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/** What an event waits for on an idle platform, and what waking the relay costs those who write. */
export async function latencyPart(ground: Ground, { rounds, say }: LatencyPartOptions): Promise<Findings> {
  const book = new SeriesBook();
  const cases = [
    ...drivers.map((driver) => ({
      name: `idle latency, ${driver}`,
      run: () => idleLatency(ground, book, driver),
    })),
    ...wakeModes.map((mode) => ({ name: wakeName(mode), run: () => wakeCost(ground, book, mode) })),
  ];
  await inRounds(cases, rounds, say);
  const series = book.all();
  const title = 'Idle latency';
  const times = series.filter(({ unit }) => unit === 'ms');
  return {
    series,
    figures: [...drivers.flatMap((driver) => limits(book, driver)), ...ratios(book, [wakeRatio])],
    charts: [{ name: 'latency', title, svg: barChart(title, times, () => true) }],
    remarks: [],
  };
}

function limits(book: SeriesBook, driver: (typeof drivers)[number]): Figure[] {
  const limit = (what: 'acknowledged' | 'effect', quantile: string, ms: number): Figure => {
    const name = idleName(what, quantile, driver);
    return { name, value: book.median(name), unit: 'ms', goal: { at: 'most', value: ms } };
  };
  return [
    limit('acknowledged', 'p50', 5),
    limit('acknowledged', 'p99', 15),
    limit('effect', 'p50', 10),
    limit('effect', 'p99', 25),
  ];
}

const wakeRatio = {
  name: 'writers with our wake-up, of writers without',
  of: wakeName('our wake-up after the commit'),
  to: wakeName('nobody is woken'),
  goal: { at: 'least', value: 0.9 },
} as const;
