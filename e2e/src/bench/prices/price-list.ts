import { barChart } from '../bar-chart.js';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Figure } from '../figure.js';
import type { Ground } from '../ground.js';
import type { Findings } from '../report.js';
import { inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';
import { Worker } from '../worker.js';
import { businessTables,type PriceStep, priceSteps, priceTitles } from './price-step.js';
import type { PriceAnswer, PriceSettings } from './price-worker.js';
import { type Collector, startCollector } from './span-collector.js';

export interface PricePartOptions {
  readonly rounds: number;
  readonly say: (line: string) => void;
}

const EVENTS = 5_000;
const WARM_UP_EVENTS = 500;

/** Written by one service and taken by another, both in one process: with one promise more at each step. */
export async function pricesPart(ground: Ground, { rounds, say }: PricePartOptions): Promise<Findings> {
  const book = new SeriesBook();
  const collector = await startCollector();
  try {
    const cases = priceSteps.map((step) => ({ name: priceTitles[step], run: () => price(ground, book, step, collector) }));
    await inRounds(cases, rounds, say);
  } finally {
    await collector.stop();
  }
  const series = book.all();
  const title = 'What the promises cost, events a second from write to effect';
  return {
    series,
    figures: priceSteps.slice(1).map((step, index) => costOf(book, step, priceSteps[index] ?? 'plain')),
    charts: [{ name: 'prices', title, svg: barChart(title, series, (name) => name.startsWith('+')) }],
    remarks: [
      'Without order, the events of a chunk are handled all at once on a pool of connections; with it, one after another in each of six partitions.',
    ],
  };
}

function costOf(book: SeriesBook, step: PriceStep, before: PriceStep): Figure {
  const share = book.median(priceTitles[step]) / book.median(priceTitles[before]);
  return { name: `${priceTitles[step]}, of the step before`, value: share, unit: 'x' };
}

async function price(ground: Ground, book: SeriesBook, step: PriceStep, collector: Collector): Promise<void> {
  const database = await ground.database();
  for (const statement of businessTables) {
    await database.query(statement);
  }
  const settings: PriceSettings = {
    databaseUrl: database.url,
    brokers: ground.brokers,
    group: `bench-price-${step}-${Date.now()}`,
    step,
  };
  const worker = await Worker.start({
    program: new URL('./price-worker.js', import.meta.url),
    settings,
    env: step === 'tracing' ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_SERVICE_NAME: 'bench' } : {},
  });
  try {
    await ground.emptyTopic();
    await worker.ask('start');
    await worker.ask('run', WARM_UP_EVENTS);
    const roots = { node: [worker.pid], postgres: [ground.pids.postgres], kafka: [ground.pids.kafka] };
    const before = cpuSeconds(roots);
    const { seconds } = await worker.ask<PriceAnswer>('run', EVENTS);
    book.add(priceTitles[step], 'events/s', EVENTS / seconds, cpuNote(before, cpuSeconds(roots), EVENTS));
  } finally {
    await worker.ask('stop').catch(() => undefined);
    await worker.stop();
    await database.drop();
    await ground.emptyTopic();
  }
}
