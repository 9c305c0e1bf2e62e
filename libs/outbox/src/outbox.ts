import { eventSchemas, type EventType, type NewEvent, publishers, type Service } from '@waybill/contracts';
import { currentTrace } from '@waybill/tracing';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { InvalidEventError, NotInTransactionError } from './outbox-errors.js';
import { markForWakeUp } from './outbox-signal.js';
import { shardOf } from './shard.js';

/** Below the relay's bound for one partition's batch, which is below what the broker takes. */
export const PAYLOAD_BYTES_MAX = 480 * 1024;

const INSERT = `INSERT INTO outbox
  (id, shard, topic, aggregatetype, aggregateid, version, type, payload, partitionkey, correlationid, causationid,
   traceparent, tracestate, baggage)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`;

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
    const runner = manager.queryRunner;
    if (runner?.isTransactionActive !== true) {
      throw new NotInTransactionError(event.type);
    }
    const payload = this.payloadOf(event);
    const trace = currentTrace();
    await runner.query(INSERT, [
      uuidv7(),
      shardOf(this.aggregateType, event.aggregateId),
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
    ]);
    markForWakeUp(runner);
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
