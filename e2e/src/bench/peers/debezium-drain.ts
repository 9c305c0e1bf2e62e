import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestDatabase, until } from '@waybill/testing';
import { now } from '../clock.js';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Ground } from '../ground.js';
import { fillOutbox } from '../relay/outbox-backlog.js';
import type { SeriesBook } from '../series.js';
import { DEBEZIUM_VERSION, DebeziumEngine, type DebeziumProgram } from './debezium-engine.js';

export const debeziumWarm = `Debezium ${DEBEZIUM_VERSION}, warm stream`;
export const debeziumRestart = `Debezium ${DEBEZIUM_VERSION}, backlog after a restart`;

const SLOT = 'bench_debezium';
const WARM_UPS = 2;
const TIMEOUT_MS = 120_000;

/**
 * Debezium on our outbox table: rows that appear with one commit while it is warm, and rows that were written while it
 * was away, from the first that is sent after its start to the last. (Its start takes seconds more.)
 */
export async function drainDebezium(ground: Ground, book: SeriesBook, program: DebeziumProgram, rows: number): Promise<void> {
  const database = await ground.database();
  const offsetsFile = join(ground.folder, 'debezium-offsets');
  await rm(offsetsFile, { force: true });
  const options = { program, databaseUrl: database.url, brokers: ground.brokers, offsetsFile };
  let engine = await DebeziumEngine.start(options);
  try {
    for (let turn = 0; turn < WARM_UPS; turn++) {
      await fillOutbox(database, rows, turn * rows);
      await engine.sends(rows * (turn + 1), TIMEOUT_MS);
    }
    const roots = { java: [engine.pid], postgres: [ground.pids.postgres], kafka: [ground.pids.kafka] };
    await fillOutbox(database, rows, WARM_UPS * rows);
    const before = cpuSeconds(roots);
    const committed = now();
    await engine.sends(rows * (WARM_UPS + 1), TIMEOUT_MS);
    book.add(debeziumWarm, 'rows/s', rows / ((engine.lastAt - committed) / 1_000), cpuNote(before, cpuSeconds(roots), rows));
    await engine.stop();
    await ground.emptyTopic();

    await fillOutbox(database, rows, (WARM_UPS + 1) * rows);
    engine = await DebeziumEngine.start(options);
    const firstAt = await firstSent(engine);
    const head = engine.sent;
    await engine.sends(rows, TIMEOUT_MS);
    book.add(debeziumRestart, 'rows/s', (rows - head) / ((engine.lastAt - firstAt) / 1_000));
  } finally {
    await engine.stop();
    await slotIsFree(database);
    await database.drop();
    await ground.emptyTopic();
  }
}

async function firstSent(engine: DebeziumEngine): Promise<number> {
  await engine.sends(1, TIMEOUT_MS);
  return engine.lastAt;
}

/** The slot goes with its database, as soon as nobody reads from it. */
async function slotIsFree(database: TestDatabase): Promise<void> {
  await until(
    async () => (await database.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active', [SLOT])).length === 0,
    { what: `the replication slot ${SLOT} to be free` },
  );
}
