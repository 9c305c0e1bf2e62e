import type { ConnectionOptions } from 'node:tls';
import { type Admin, Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { EventConsumer, type EventConsumerOptions } from './consumer.js';
import { type KafkaLog, logCreatorFor } from './kafka-log.js';
import { EventProducer } from './producer.js';
import { ensureTopics, type TopicDeclaration } from './topic-declaration.js';

export interface KafkaSettings {
  readonly clientId: string;
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Absent or false: plain text. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly log: KafkaLog;
}

/** Bounds a produce request, and with CONNECT_TIMEOUT_MS a whole send: the relay's lease must outlast it. */
const REQUEST_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 1_000;
const PING_TIMEOUT_MS = 1_500;
/** A broker that has just started takes seconds to make topics, and nobody's lease waits for it. */
const TOPICS_TIMEOUT_MS = 30_000;

/** Our port to Kafka: what the platform needs of a client, so that the client can be another one. */
export class KafkaClient {
  private readonly config: KafkaConfig;
  private readonly kafka: Kafka;
  private readonly outOfRange = new Set<(facts: object) => void>();
  private admin: Promise<Admin> | undefined;

  constructor(private readonly settings: KafkaSettings) {
    this.config = {
      clientId: settings.clientId,
      brokers: [...settings.brokers],
      ssl: settings.tls ?? false,
      ...(settings.sasl === undefined ? {} : { sasl: settings.sasl as SASLOptions }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      authenticationTimeout: CONNECT_TIMEOUT_MS * 5,
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: true,
      logLevel: logLevel.WARN,
      logCreator: logCreatorFor(settings.log, (facts) => {
        for (const listener of this.outOfRange) {
          listener(facts);
        }
      }),
      // Whoever calls decides about waiting and trying again: the relay, the consumer, the health check.
      retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
    };
    this.kafka = new Kafka(this.config);
  }

  producer(): EventProducer {
    return new EventProducer(this.kafka, REQUEST_TIMEOUT_MS);
  }

  consumer(options: Omit<EventConsumerOptions, 'log'>): EventConsumer {
    const consumer = new EventConsumer(this.kafka, { ...options, log: this.settings.log });
    this.outOfRange.add((facts) => consumer.lostRecords(facts));
    return consumer;
  }

  /** Creates the topics that are missing; throws when one exists with another number of partitions. */
  async ensureTopics(topics: readonly TopicDeclaration[]): Promise<string[]> {
    const admin = new Kafka({ ...this.config, requestTimeout: TOPICS_TIMEOUT_MS }).admin();
    await admin.connect();
    try {
      return await ensureTopics(admin, topics);
    } finally {
      await admin.disconnect();
    }
  }

  /** Resolves when a broker answers; rejects within 1.5 s otherwise. */
  async ping(): Promise<void> {
    const admin = await this.connectedAdmin();
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        admin.describeCluster(),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error('no broker answered in time')), PING_TIMEOUT_MS);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const admin = await this.admin?.catch(() => undefined);
    this.admin = undefined;
    await admin?.disconnect();
  }

  private connectedAdmin(): Promise<Admin> {
    if (this.admin === undefined) {
      const admin = this.kafka.admin();
      this.admin = admin.connect().then(
        () => admin,
        (error: unknown) => {
          this.admin = undefined;
          throw error;
        },
      );
    }
    return this.admin;
  }
}
