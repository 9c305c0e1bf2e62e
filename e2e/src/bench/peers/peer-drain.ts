import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import { aggregates, payloadOf, stockRecord, TOPIC } from '../event-stock.js';
import type { Ground } from '../ground.js';
import type { SeriesBook } from '../series.js';
import { Worker } from '../worker.js';
import type { Peer } from './peer.js';

const TIMEOUT_MS = 20_000;

interface PeerAnswer {
  readonly published: number;
  readonly seconds: number;
}

/** A backlog in the peer's own table, until it is in our topic or time is up: then what it reached counts. */
export async function drainPeer(ground: Ground, book: SeriesBook, folder: URL, peer: Peer): Promise<void> {
  const database = await ground.database();
  const settings = {
    databaseUrl: database.url,
    brokers: ground.brokers,
    topic: TOPIC,
    variant: peer.variant,
    headers: stockRecord(0).headers,
  };
  const worker = await Worker.start({ program: new URL(peer.program, folder), settings });
  try {
    const payloads = aggregates.map(({ id }) => JSON.parse(payloadOf(id)) as unknown);
    await worker.ask('fill', { rows: peer.rows, payloads });
    const roots = { node: [worker.pid], postgres: [ground.pids.postgres], kafka: [ground.pids.kafka] };
    const before = cpuSeconds(roots);
    const { published, seconds } = await worker.ask<PeerAnswer>('drain', { rows: peer.rows, timeoutMs: TIMEOUT_MS });
    book.add(peer.name, 'rows/s', published / seconds, cpuNote(before, cpuSeconds(roots), published));
  } finally {
    await worker.ask('stop').catch(() => undefined);
    await worker.stop();
    await database.drop();
    await ground.emptyTopic();
  }
}
