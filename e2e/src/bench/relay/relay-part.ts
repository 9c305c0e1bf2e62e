import { barChart } from '../bar-chart.js';
import type { Ground } from '../ground.js';
import { drivers } from '../kafka-driver.js';
import { type Ratio, ratios } from '../ratio.js';
import type { Findings } from '../report.js';
import { type Case, inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';
import { rawInsert, rawInsertName } from './raw-insert.js';
import { rawProducer, rawProducerName } from './raw-producer.js';
import { drain, drainName } from './relay-drain.js';
import { streams } from './relay-stream.js';

export interface RelayPartOptions {
  readonly rounds: number;
  readonly rows: number;
  readonly say: (line: string) => void;
}

const RAW_SECONDS = 2;
const ONE_BY_ONE = 2_000;
const PER_SEND = 500;
const INSERTS = [
  { connections: 1, rowsPerTransaction: 1 },
  { connections: 16, rowsPerTransaction: 1 },
  { connections: 1, rowsPerTransaction: 500 },
];
const TEAMS = [1, 2, 4];

/** Outbox to Kafka, beside what Kafka's client and Postgres reach alone. */
export async function relayPart(ground: Ground, { rounds, rows, say }: RelayPartOptions): Promise<Findings> {
  const book = new SeriesBook();
  const rawRecords = Math.min(rows, 50_000);
  const cases: Case[] = [
    { name: rawProducerName(1), run: () => rawProducer(ground, book, 1, ONE_BY_ONE) },
    { name: rawProducerName(PER_SEND), run: () => rawProducer(ground, book, PER_SEND, rawRecords) },
    ...INSERTS.map((insert) => ({
      name: rawInsertName(insert),
      run: () => rawInsert(ground, book, { ...insert, seconds: RAW_SECONDS }),
    })),
    ...drivers.flatMap((driver) =>
      TEAMS.map((relays) => ({
        name: drainName({ relays, driver }),
        run: () => drain(ground, book, { relays, rows, driver }),
      })),
    ),
  ];
  await inRounds(cases, rounds, say);
  const offered = book.median(drainName({ relays: 1 }));
  await inRounds([{ name: 'streams', run: () => streams(ground, book, offered) }], rounds, say);
  const series = book.all();
  const rates = series.filter(({ unit }) => unit === 'rows/s');
  const title = 'Outbox to Kafka, acknowledged rows a second';
  return {
    series,
    figures: ratios(book, wanted()),
    charts: [{ name: 'relay', title, svg: barChart(title, rates, (name) => /^(relay|stream)/.test(name)) }],
    remarks: [`A backlog is ${rows.toLocaleString('en-US')} rows that one commit makes visible.`],
  };
}

function wanted(): Ratio[] {
  const raw = rawProducerName(PER_SEND);
  const others = drivers.filter((driver) => driver !== 'kafkajs');
  return [
    {
      name: 'one relay, of the raw producer with the same records',
      of: drainName({ relays: 1 }),
      to: raw,
      goal: { at: 'least', value: 0.85 },
    },
    ...others.map(
      (driver): Ratio => ({
        name: `one relay with ${driver}, of the raw kafkajs producer`,
        of: drainName({ relays: 1, driver }),
        to: raw,
        goal: { at: 'least', value: 2 },
      }),
    ),
  ];
}
