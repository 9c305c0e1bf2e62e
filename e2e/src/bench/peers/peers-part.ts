import { type DebeziumProgram, debeziumProgram } from '../../debezium/debezium-program.js';
import { barChart } from '../bar-chart.js';
import type { Ground } from '../ground.js';
import { drivers } from '../kafka-driver.js';
import { best, type Ratio, ratios } from '../ratio.js';
import { rawProducer, rawProducerName } from '../relay/raw-producer.js';
import { drain, drainName } from '../relay/relay-drain.js';
import type { Findings } from '../report.js';
import { type Case, inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';
import { debeziumRestart, debeziumWarm, drainDebezium } from './debezium-drain.js';
import { peers } from './peer.js';
import { drainPeer } from './peer-drain.js';
import { installPeers, peersFolder } from './peer-packages.js';

export interface PeersPartOptions {
  readonly rounds: number;
  readonly rows: number;
  readonly say: (line: string) => void;
}

const PER_SEND = 500;

/** Other ways from Postgres to Kafka, on the same servers and with the same events. */
export async function peersPart(ground: Ground, { rounds, rows, say }: PeersPartOptions): Promise<Findings> {
  const book = new SeriesBook();
  const remarks: string[] = [];
  const streamRows = Math.min(rows, 50_000);
  await installPeers(say);
  const debezium = await findDebezium(say, remarks);
  const cases: Case[] = [
    { name: rawProducerName(PER_SEND), run: () => rawProducer(ground, book, PER_SEND, streamRows) },
    ...drivers.map((driver) => ({
      name: drainName({ relays: 1, driver }),
      run: () => drain(ground, book, { relays: 1, rows: streamRows, driver }),
    })),
    ...(debezium === undefined
      ? []
      : [{ name: 'Debezium', run: () => drainDebezium(ground, book, debezium, streamRows) }]),
    ...peers.map((peer) => ({ name: peer.name, run: () => drainPeer(ground, book, peersFolder, peer) })),
  ];
  await inRounds(cases, rounds, say);
  const series = book.all();
  const title = 'From Postgres to Kafka, acknowledged rows a second';
  return {
    series,
    figures: ratios(book, wanted(book)),
    charts: [{ name: 'peers', title, svg: barChart(title, series, (name) => name.startsWith('relay')) }],
    remarks: [
      ...remarks,
      'Peers run with their own defaults except where the name says otherwise, on tables of their own; their counters of attempts are off where that can be chosen. What each does for a row differs: see their documentation.',
      `Debezium runs in its embedded engine with our outbox table, its event router and a Java producer (acks = all), and a poll interval of 5 ms.`,
    ],
  };
}

async function findDebezium(say: (line: string) => void, remarks: string[]): Promise<DebeziumProgram | undefined> {
  try {
    return await debeziumProgram(say);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1).join() : String(error);
    remarks.push(`Debezium was left out: ${reason}`);
    return undefined;
  }
}

function wanted(book: SeriesBook): Ratio[] {
  const ours = drainName({ relays: 1 });
  const bestPeer = best(
    book,
    peers.map(({ name }) => name),
  );
  const second = drivers.find((driver) => driver !== 'kafkajs');
  const ofSecond: Ratio[] =
    second === undefined
      ? []
      : [
          { of: drainName({ relays: 1, driver: second }), to: debeziumRestart, goal: 2 },
          { of: drainName({ relays: 1, driver: second }), to: debeziumWarm, goal: 0.9 },
          { of: drainName({ relays: 1, driver: second }), to: rawProducerName(PER_SEND), goal: 2 },
        ].map(({ of, to, goal }) => ({ name: `${of}, of ${to}`, of, to, goal: { at: 'least', value: goal } }));
  return [
    { name: `${ours}, of ${rawProducerName(PER_SEND)}`, of: ours, to: rawProducerName(PER_SEND), goal: { at: 'least', value: 0.85 } },
    ...(bestPeer === undefined
      ? []
      : [{ name: `${ours}, of the best peer in Node (${bestPeer})`, of: ours, to: bestPeer, goal: { at: 'least' as const, value: 12 } }]),
    ...ofSecond,
  ];
}
