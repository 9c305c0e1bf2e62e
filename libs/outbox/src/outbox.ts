import { eventSchemas, type EventType, type NewEvent, publishers, type Service } from '@waybill/contracts';
import { currentTrace } from '@waybill/tracing';
import type pg from 'pg';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { openTransaction } from './open-transaction.js';
import { InvalidEventError } from './outbox-errors.js';
import { markForWakeUp } from './outbox-signal.js';
import { type RawRecord, storedForm } from './raw-record.js';
import { shardOf } from './shard.js';

/** Below the relay's bound for one partition's batch, which is below what the broker takes. */
export const PAYLOAD_BYTES_MAX = 480 * 1024;

const INSERT = `INSERT INTO outbox
  (id, shard, topic, aggregatetype, aggregateid, version, type, payload, partitionkey, correlationid, causationid,
   traceparent, tracestate, baggage)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`;

/** The type that a raw row shows to whoever lists the outbox. */
const RAW_TYPE = 'raw';

// The same record may be written once more before the first one is sent: it is then the next version.
const INSERT_RAW = `INSERT INTO outbox
  (id, shard, topic, aggregatetype, aggregateid, version, type, payload, partitionkey, correlationid, raw)
  SELECT $1, $2, $3, $4::text, $5::text, coalesce(max(version), 0) + 1, '${RAW_TYPE}', '', $6, $5, $7
  FROM outbox WHERE aggregatetype = $4 AND aggregateid = $5`;

/**
 * The transactional outbox: an event is a row beside the change that it tells of, so both commit or neither does.
 *
 * Source: https://microservices.io/patterns/data/transactional-outbox.html
 */
export class Outbox {
  private readonly topic: string;
  private readonly aggregateType: string;
  private readonly own: ReadonlySet<EventType>;

  constructor(private readonly service: Service) {
    const { topic, aggregateType, types } = publishers[service];
    this.topic = topic;
    this.aggregateType = aggregateType;
    this.own = new Set(types);
  }

  /**
   * Writes an event in the caller's transaction. Call it *after* the aggregate's own row was written: the lock on that
   * row is what makes the order of `seq` the order of the versions.
   *
   * @throws NotInTransactionError outside a transaction
   * @throws InvalidEventError when the event is not this service's, breaks its schema, or is too large
   */
  async append<T extends EventType>(manager: EntityManager, event: NewEvent<T>): Promise<void> {
    const runner = openTransaction(manager, `outbox.append(${event.type})`);
    const payload = this.payloadOf(event);
    const trace = currentTrace();
    const shard = shardOf(this.aggregateType, event.aggregateId);
    const client = (await runner.connect()) as pg.ClientBase;
    // Parsed and planned once a connection.
    await client.query({ name: 'outbox-append', text: INSERT, values: [
      uuidv7(),
      shard,
      this.topic,
      this.aggregateType,
      event.aggregateId,
      event.version,
      event.type,
      payload,
      event.orderId,
      event.correlationId,
      event.causationId ?? null,
      trace.traceparent ?? null,
      trace.tracestate ?? null,
      trace.baggage ?? null,
    ]});
    markForWakeUp(runner, shard);
  }

  /**
   * Writes a record that is sent with exactly these bytes and headers, in the caller's transaction: a dead letter. It
   * holds nobody back, is not archived, and Debezium in the relay's place would have to leave it out.
   *
   * @throws NotInTransactionError outside a transaction
   */
  async appendRaw(manager: EntityManager, record: RawRecord): Promise<void> {
    const runner = openTransaction(manager, `outbox.appendRaw(${record.topic})`);
    const { topic, key, aggregateType, aggregateId } = record;
    const shard = shardOf(aggregateType, aggregateId);
    // Postgres' text takes no U+0000; a key that has one still stands in the record itself.
    const shown = (key ?? '').replaceAll('\u0000', '\ufffd');
    await runner.query(INSERT_RAW, [uuidv7(), shard, topic, aggregateType, aggregateId, shown, storedForm(record)]);
    markForWakeUp(runner, shard);
  }

  /** Checked before the commit: what is accepted here can be sent, and read by every consumer. */
  private payloadOf(event: NewEvent): string {
    if (!this.own.has(event.type)) {
      throw new InvalidEventError(event.type, `${this.service} publishes only ${[...this.own].join(', ')}`);
    }
    if (!Number.isSafeInteger(event.version) || event.version < 1) {
      throw new InvalidEventError(event.type, `version should be a positive integer, got ${event.version}`);
    }
    const parsed = eventSchemas[event.type].safeParse(event.data);
    if (!parsed.success) {
      const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
      throw new InvalidEventError(event.type, fields.join('; '));
    }
    const payload = JSON.stringify(parsed.data);
    const bytes = Buffer.byteLength(payload);
    if (bytes > PAYLOAD_BYTES_MAX) {
      throw new InvalidEventError(event.type, `the payload should be at most ${PAYLOAD_BYTES_MAX} bytes, got ${bytes}`);
    }
    return payload;
  }
}
