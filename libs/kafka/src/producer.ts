import { type Span, SpanKind, SpanStatusCode, trace as otel } from '@opentelemetry/api';
import { contextFrom, isTracing } from '@waybill/tracing';
import type { DriverProducer, KafkaDriver } from './kafka-driver.js';
import { asPublishError } from './kafka-errors.js';
import type { OutgoingRecord } from './outgoing-record.js';

/**
 * Sends records and resolves when the broker has acknowledged all of them (acks = all).
 *
 * Not idempotent, on purpose: kafkajs 2.2.4 rolls its sequence back after a failed send, and then a *different* batch
 * can be acknowledged and dropped as a duplicate (seen on a real broker). Copies are dropped by the consumers' inbox.
 */
export class EventProducer {
  private producer: Promise<DriverProducer> | undefined;

  constructor(private readonly driver: () => Promise<KafkaDriver>) {}

  /**
   * Order within a key is kept. After an error nobody knows which records arrived: send all of them again.
   *
   * It settles when the driver's own send has, and not before: whoever sends again after an error sends alone. The
   * driver's time limits bound it. Whoever gives up sooner, as the relay may, has to remember that it still goes on.
   *
   * @throws RecordRefusedError when the broker refuses the records for what they are
   */
  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) {
      return;
    }
    const spans = isTracing() ? records.map(startSendSpan) : [];
    try {
      await this.send(records);
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
    const producer = await this.producer?.catch(() => undefined);
    await producer?.close();
  }

  private async send(records: readonly OutgoingRecord[]): Promise<void> {
    this.producer ??= this.driver().then((driver) => driver.producer());
    await (await this.producer).send(records);
  }
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
