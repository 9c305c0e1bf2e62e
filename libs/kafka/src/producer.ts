import { type Span, SpanKind, SpanStatusCode, trace as otel } from '@opentelemetry/api';
import { partitionOf } from '@waybill/contracts';
import { contextFrom } from '@waybill/tracing';
import type { Kafka, Producer, TopicMessages } from 'kafkajs';
import { asPublishError } from './kafka-errors.js';

export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer | (string | Buffer)[] | undefined>>;
}

const ACKS_ALL = -1;

/**
 * Sends records and resolves when the broker has acknowledged all of them.
 *
 * Not idempotent, on purpose: kafkajs 2.2.4 rolls its sequence back after a failed send, and then a *different* batch
 * can be acknowledged and dropped as a duplicate (seen on a real broker). Copies are dropped by the consumers' inbox.
 */
export class EventProducer {
  private readonly producer: Producer;
  private connecting: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    private readonly timeoutMs: number,
  ) {
    this.producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: false });
  }

  /**
   * Order within a key is kept. After an error nobody knows which records arrived: send all of them again.
   *
   * @throws RecordRefusedError when the broker refuses the records for what they are
   */
  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) {
      return;
    }
    await this.connect();
    const spans = records.map((record) => startSendSpan(record));
    try {
      await this.producer.sendBatch({
        acks: ACKS_ALL,
        timeout: this.timeoutMs,
        topicMessages: byTopic(records),
      });
    } catch (error) {
      for (const span of spans) {
        span?.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      }
      throw asPublishError(error);
    } finally {
      for (const span of spans) {
        span?.end();
      }
    }
  }

  async disconnect(): Promise<void> {
    await this.connecting?.catch(() => undefined);
    await this.producer.disconnect();
  }

  private connect(): Promise<void> {
    this.connecting ??= this.producer.connect().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }
}

function byTopic(records: readonly OutgoingRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers } of records) {
    let entry = topics.get(topic);
    if (entry === undefined) {
      entry = { topic, messages: [] };
      topics.set(topic, entry);
    }
    entry.messages.push({ key, value, headers: { ...headers }, partition: key === null ? 0 : partitionOf(topic, key) });
  }
  return [...topics.values()];
}

/**
 * A span in the trace of whoever wrote the event, linked to it; the record's own context stays as it was written.
 *
 * Source: OpenTelemetry semantic conventions, messaging: "a custom creation context SHOULD NOT be changed".
 */
function startSendSpan({ topic, key, headers }: OutgoingRecord): Span | undefined {
  const traceparent = headers['traceparent'];
  if (typeof traceparent !== 'string') {
    return undefined;
  }
  const tracestate = headers['tracestate'];
  const parent = contextFrom({ traceparent, ...(typeof tracestate === 'string' ? { tracestate } : {}) });
  const creator = otel.getSpanContext(parent);
  if (creator === undefined) {
    return undefined;
  }
  return otel.getTracer('@waybill/kafka').startSpan(
    `send ${topic}`,
    {
      kind: SpanKind.PRODUCER,
      links: [{ context: creator }],
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': topic,
        ...(key === null ? {} : { 'messaging.kafka.message.key': key }),
        ...(typeof headers['ce_id'] === 'string' ? { 'messaging.message.id': headers['ce_id'] } : {}),
      },
    },
    parent,
  );
}
