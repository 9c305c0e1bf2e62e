import { EventConsumer, type EventConsumerOptions } from './consumer.js';
import {
  type DriverAdmin,
  type KafkaDriver,
  type KafkaSettings,
  type OffsetTime,
  REQUEST_TIMEOUT_MS,
  type TopicPartition,
} from './kafka-driver.js';
import { EventProducer } from './producer.js';
import { ensureTopics, type TopicDeclaration } from './topic-declaration.js';

export interface PartitionLag extends TopicPartition {
  /** The next offset that the group will read; absent where it has not committed any, and will begin at the first record. */
  readonly committed?: string;
  /** The offset that the next record will get. */
  readonly end: string;
  /** Records that the group has not finished. */
  readonly lag: number;
}

const PING_TIMEOUT_MS = 1_500;
/** A broker that has just started takes seconds to make topics, and nobody's lease waits for it. */
const TOPICS_TIMEOUT_MS = 30_000;

/** Our port to Kafka: what the platform needs of a client, so that the client can be another one. */
export class KafkaClient {
  private loading: Promise<KafkaDriver> | undefined;
  private admin: Promise<DriverAdmin> | undefined;
  private readonly consumers = new Set<EventConsumer>();

  constructor(private readonly settings: KafkaSettings) {}

  producer(): EventProducer {
    return new EventProducer(() => this.driver());
  }

  consumer(options: Omit<EventConsumerOptions, 'log'>): EventConsumer {
    const consumer = new EventConsumer(() => this.driver(), { ...options, log: this.settings.log });
    this.consumers.add(consumer);
    return consumer;
  }

  /** Creates the topics that are missing; throws when one exists with another number of partitions. */
  async ensureTopics(topics: readonly TopicDeclaration[]): Promise<string[]> {
    const admin = await (await this.driver()).admin(TOPICS_TIMEOUT_MS);
    try {
      return await ensureTopics(admin, topics);
    } finally {
      await admin.close();
    }
  }

  /** Partition -> offset of the first record that is not older than `time`; the partition's end where there is none. */
  async offsetsFor(topic: string, time: OffsetTime): Promise<ReadonlyMap<number, string>> {
    return (await this.connectedAdmin()).offsets(topic, time);
  }

  /** How far the group is behind in each partition of the topic. */
  async lagOf(group: string, topic: string): Promise<PartitionLag[]> {
    const admin = await this.connectedAdmin();
    const [committed, first, end] = await Promise.all([
      admin.committed(group, topic),
      admin.offsets(topic, 'earliest'),
      admin.offsets(topic, 'latest'),
    ]);
    return [...end].map(([partition, last]) => {
      const next = committed.get(partition);
      const lag = Number(BigInt(last) - BigInt(next ?? first.get(partition) ?? last));
      return { topic, partition, ...(next === undefined ? {} : { committed: next }), end: last, lag };
    });
  }

  /** Resolves when a broker answers and no consumer is kept out of its group; rejects within 1.5 s otherwise. */
  async ping(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        this.connectedAdmin().then((admin) => admin.ping()),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error('no broker answered in time')), PING_TIMEOUT_MS);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
    if ([...this.consumers].some((consumer) => consumer.status().keptOut)) {
      throw new Error('members of the consumer group use another Kafka driver: see WAYBILL_KAFKA_DRIVER');
    }
  }

  async close(): Promise<void> {
    const admin = await this.admin?.catch(() => undefined);
    this.admin = undefined;
    await admin?.close();
  }

  private connectedAdmin(): Promise<DriverAdmin> {
    this.admin ??= this.driver()
      .then((driver) => driver.admin(REQUEST_TIMEOUT_MS))
      .catch((error: unknown) => {
        this.admin = undefined;
        throw error;
      });
    return this.admin;
  }

  /** Loads one client library, when it is needed: the other one costs no time and no memory. */
  private driver(): Promise<KafkaDriver> {
    this.loading ??= loadDriver(this.settings);
    return this.loading;
  }
}

async function loadDriver(settings: KafkaSettings): Promise<KafkaDriver> {
  const name = settings.driver ?? 'kafkajs';
  switch (name) {
    case 'kafkajs':
      return new (await import('./kafkajs-driver.js')).KafkajsDriver(settings);
    case 'platformatic':
      return new (await import('./platformatic-driver.js')).PlatformaticDriver(settings);
  }
}
