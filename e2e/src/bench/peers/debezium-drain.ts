import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestDatabase, until } from '@waybill/testing';
import { connectorAddress } from '../../debezium/connector-address.js';
import { type ConnectorSettings, DebeziumEngine } from '../../debezium/debezium-engine.js';
import { DEBEZIUM_VERSION, type DebeziumProgram } from '../../debezium/debezium-program.js';
import { now } from '../clock.js';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import { stockRecord } from '../event-stock.js';
import type { Ground } from '../ground.js';
import { fillOutbox } from '../relay/outbox-backlog.js';
import type { SeriesBook } from '../series.js';

export const debeziumWarm = `Debezium ${DEBEZIUM_VERSION}, warm stream`;
export const debeziumRestart = `Debezium ${DEBEZIUM_VERSION}, backlog after a restart`;

const SLOT = 'bench_debezium';
const STRINGS = 'org.apache.kafka.connect.storage.StringConverter';
const HEADERS = [
  ['type', 'ce_type'],
  ['aggregateid', 'ce_subject'],
  ['version', 'ce_sequence'],
  ['partitionkey', 'ce_partitionkey'],
  ['correlationid', 'ce_correlationid'],
  ['causationid', 'ce_causationid'],
  ['traceparent', 'traceparent'],
  ['occurred_at', 'ce_time'],
] as const;
/** Headers that its event router does not make of columns; the worker adds them, which costs least. */
const CONSTANT_HEADERS = ['content-type', 'ce_specversion', 'ce_source', 'ce_dataschema'] as const;
const WARM_UPS = 2;
const TIMEOUT_MS = 120_000;

/**
 * Debezium on our outbox table: rows that appear with one commit while it is warm, and rows that were written while it
 * was away, from the first that is sent after its start to the last. (Its start takes seconds more.)
 */
export async function drainDebezium(ground: Ground, book: SeriesBook, program: DebeziumProgram, rows: number): Promise<void> {
  const database = await ground.database();
  const { brokers, folder } = ground;
  await rm(join(folder, `${SLOT}.offsets`), { force: true });
  const options = { program, brokers, folder, connectors: [connector(database.url)] };
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

function connector(databaseUrl: string): ConnectorSettings {
  const { headers } = stockRecord(0);
  return {
    name: SLOT,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    ...connectorAddress(databaseUrl),
    'topic.prefix': 'bench',
    'table.include.list': 'public.outbox',
    'slot.name': SLOT,
    'publication.name': SLOT,
    'publication.autocreate.mode': 'filtered',
    'snapshot.mode': 'no_data',
    'tombstones.on.delete': 'false',
    'skipped.operations': 'u,d,t',
    // Its default of 500 ms is for large streams; the others do not wait either.
    'poll.interval.ms': '5',
    'max.batch.size': '2048',
    'max.queue.size': '8192',
    'key.converter': STRINGS,
    'value.converter': STRINGS,
    'header.converter': STRINGS,
    'producer.override.acks': 'all',
    'producer.override.enable.idempotence': 'true',
    'producer.override.batch.size': '131072',
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'transforms.outbox.route.by.field': 'topic',
    'transforms.outbox.route.topic.replacement': '${routedByValue}',
    'transforms.outbox.table.field.event.key': 'partitionkey',
    'transforms.outbox.table.fields.additional.placement': HEADERS.map(([column, header]) => `${column}:header:${header}`).join(),
    ...Object.fromEntries(CONSTANT_HEADERS.map((name) => [`header.${name}`, headers[name] ?? ''])),
  };
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
