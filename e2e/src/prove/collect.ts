import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { declaredTopics, type Service, services } from '@waybill/contracts';
import { header, readTopics } from '../kafka-record.js';
import type { Platform } from '../platform.js';
import type { PlatformWatch } from './platform-watch.js';
import type { ChangeRow, DeadRecordRow, HandledRow, LabelState, LedgerRow, ParkedRow, RunRecord, TopicRecord, WaitingRow } from './record.js';

type Collected = Omit<RunRecord, 'run' | 'requests' | 'faults' | 'samples' | 'planted' | 'replay'>;

/** Everything that is in the three databases, in the topics and in the carrier's book. */
export async function collect(platform: Platform, watch: PlatformWatch): Promise<Collected> {
  const each = async <T>(ask: (service: Service) => Promise<T[]>) => (await Promise.all(services.map(ask))).flat();
  const [ledger, handled, changes, outbox, parked, deadRecords, records, offsets, labels, business] = await Promise.all([
    each((service) => ledgerOf(watch, service)),
    each((service) => handledOf(watch, service)),
    each((service) => changesOf(watch, service)),
    each((service) => waitingOf(watch, service)),
    each((service) => parkedOf(watch, service)),
    each((service) => deadRecordsOf(watch, service)),
    recordsOf(platform.brokers),
    watch.offsets(),
    labelsOf(platform.home),
    businessOf(watch),
  ]);
  return { ledger, handled, changes, outbox, parked, deadRecords, records, offsets, labels, ...business };
}

const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8 AS at`;

function ledgerOf(watch: PlatformWatch, service: Service): Promise<LedgerRow[]> {
  return watch.query<LedgerRow>(
    service,
    `SELECT '${service}' AS service, serial::float8 AS serial, txid, ${MS('at')}, id, topic, aggregatetype AS "aggregateType",
            aggregateid AS "aggregateId", version::float8 AS version, type, partitionkey AS "partitionKey",
            causationid AS "causationId", raw
       FROM prove.outbox o ORDER BY serial`,
  );
}

function handledOf(watch: PlatformWatch, service: Service): Promise<HandledRow[]> {
  return watch.query<HandledRow>(
    service,
    `SELECT '${service}' AS service, serial::float8 AS serial, txid, ${MS('at')}, consumer, source, id, outcome, topic, partition,
            "offset"::float8 AS "offset", subject, sequence::float8 AS sequence
       FROM prove.inbox ORDER BY serial`,
  );
}

function changesOf(watch: PlatformWatch, service: Service): Promise<ChangeRow[]> {
  return watch.query<ChangeRow>(
    service,
    `SELECT '${service}' AS service, serial::float8 AS serial, txid, ${MS('at')}, table_name AS "table", id, version, status,
            on_hand AS "onHand", reserved
       FROM prove.changes ORDER BY serial`,
  );
}

function waitingOf(watch: PlatformWatch, service: Service): Promise<WaitingRow[]> {
  return watch.query<WaitingRow>(
    service,
    `SELECT '${service}' AS service, id, partitionkey AS "partitionKey", held, error FROM outbox ORDER BY seq`,
  );
}

function parkedOf(watch: PlatformWatch, service: Service): Promise<ParkedRow[]> {
  return watch.query<ParkedRow>(
    service,
    `SELECT '${service}' AS service, consumer, source, id, topic, partition, "offset"::float8 AS "offset", key, type, subject,
            sequence::float8 AS sequence, state, attempts, error
       FROM parked ORDER BY consumer, topic, key, sequence`,
  );
}

function deadRecordsOf(watch: PlatformWatch, service: Service): Promise<DeadRecordRow[]> {
  return watch.query<DeadRecordRow>(
    service,
    `SELECT '${service}' AS service, consumer, topic, partition, "offset"::float8 AS "offset", reason
       FROM dead_records ORDER BY consumer, topic, partition, "offset"`,
  );
}

async function businessOf(watch: PlatformWatch): Promise<Pick<RunRecord, 'orders' | 'reservations' | 'shipments' | 'stock'>> {
  const [orders, reservations, shipments, stock] = await Promise.all([
    watch.query<RunRecord['orders'][number]>(
      'orders',
      `SELECT id, status, version, reason,
              (SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity) ORDER BY line_no) FROM order_lines WHERE order_id = o.id) AS lines
         FROM orders o ORDER BY id`,
    ),
    watch.query<RunRecord['reservations'][number]>(
      'inventory',
      `SELECT order_id AS "orderId", status, version, lines FROM reservations ORDER BY order_id`,
    ),
    watch.query<RunRecord['shipments'][number]>(
      'shipping',
      `SELECT id, order_id AS "orderId", status, version, label_id AS "labelId" FROM shipments ORDER BY order_id`,
    ),
    watch.query<RunRecord['stock'][number]>('inventory', `SELECT sku, on_hand AS "onHand", reserved FROM stock ORDER BY sku`),
  ]);
  return { orders, reservations, shipments, stock };
}

async function recordsOf(brokers: string): Promise<TopicRecord[]> {
  const topics = declaredTopics().map(({ topic }) => topic);
  const records = (await readTopics(brokers, topics)).map((record) => {
    const sequence = header(record, 'ce_sequence');
    return {
      topic: record.topic,
      partition: record.partition,
      offset: Number(record.offset),
      at: Number(record.timestamp),
      key: record.key,
      id: header(record, 'ce_id') ?? null,
      source: header(record, 'ce_source') ?? null,
      type: header(record, 'ce_type') ?? null,
      subject: header(record, 'ce_subject') ?? null,
      sequence: sequence === undefined ? null : Number(sequence),
      traceId: header(record, 'traceparent')?.split('-')[1] ?? null,
    };
  });
  return records.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset);
}

/** The carrier keeps a line for each key that it was asked for, and for each label that was deleted. */
async function labelsOf(home: string): Promise<LabelState[]> {
  const text = await readFile(join(home, 'carrier.jsonl'), 'utf8').catch(() => '');
  const keys = new Set<string>();
  const deleted = new Set<string>();
  for (const line of text.split('\n')) {
    const entry = entryIn(line);
    if (entry.key !== undefined) {
      keys.add(entry.key);
    } else if (entry.deleted !== undefined) {
      deleted.add(entry.deleted);
    }
  }
  return [...keys].map((key) => ({ id: labelOf(key), key, deleted: deleted.has(labelOf(key)) }));
}

/** As the carrier derives it. */
function labelOf(key: string): string {
  return `label-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
}

/** A line that a kill cut off is none. */
function entryIn(line: string): { readonly key?: string; readonly deleted?: string } {
  try {
    return JSON.parse(line) as { readonly key?: string; readonly deleted?: string };
  } catch {
    return {};
  }
}
