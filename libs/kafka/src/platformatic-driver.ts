import { isIP } from 'node:net';
import { Admin, type BaseOptions, ProduceAcks, Producer, SASLMechanisms } from '@platformatic/kafka';
import {
  CONNECT_TIMEOUT_MS,
  type DriverAdmin,
  type DriverProducer,
  type GroupMember,
  type GroupMemberOptions,
  type KafkaDriver,
  type KafkaSettings,
  type OffsetTime,
  REQUEST_TIMEOUT_MS,
} from './kafka-driver.js';
import { kafkaErrorType } from './kafka-errors.js';
import { type HeaderValue, type OutgoingRecord, partitionFor, type RawHeaders } from './outgoing-record.js';
import { PlatformaticMember } from './platformatic-member.js';
import type { TopicDeclaration } from './topic-declaration.js';

const EARLIEST = -2n;
const LATEST = -1n;
const NO_OFFSET = -1n;
const LEADER_POLL_MS = 50;

const mechanisms = {
  plain: SASLMechanisms.PLAIN,
  'scram-sha-256': SASLMechanisms.SCRAM_SHA_256,
  'scram-sha-512': SASLMechanisms.SCRAM_SHA_512,
} as const;

/** @platformatic/kafka 1.35.0: maintained, and several times quicker with each record than kafkajs. */
export class PlatformaticDriver implements KafkaDriver {
  private readonly options: BaseOptions;

  constructor(private readonly settings: KafkaSettings) {
    const { clientId, brokers, tls, sasl } = settings;
    this.options = {
      clientId,
      bootstrapBrokers: [...brokers],
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      timeout: REQUEST_TIMEOUT_MS,
      // Whoever calls decides about waiting and trying again: the relay, the consumer, the health check.
      retries: 0,
      ...(tls === undefined || tls === false
        ? {}
        : // An address is no name to ask a certificate for.
          { tls: tls === true ? {} : tls, tlsServerName: brokers.some((broker) => isIP(hostOf(broker)) === 0) }),
      ...(sasl === undefined ? {} : { sasl: { ...sasl, mechanism: mechanisms[sasl.mechanism] } }),
    };
  }

  producer(): DriverProducer {
    return new PlatformaticProducer(this.options);
  }

  member(options: GroupMemberOptions): GroupMember {
    return new PlatformaticMember(this.options, options, this.settings.log);
  }

  admin(requestTimeoutMs: number): Promise<DriverAdmin> {
    const admin = new Admin({ ...this.options, requestTimeout: requestTimeoutMs, timeout: requestTimeoutMs });
    return Promise.resolve(new PlatformaticAdmin(admin, requestTimeoutMs));
  }
}

function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(':'));
}

class PlatformaticProducer implements DriverProducer {
  private producer: Producer | undefined;

  constructor(private readonly options: BaseOptions) {}

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    const producer = (this.producer ??= new Producer({ ...this.options, idempotent: false, acks: ProduceAcks.ALL }));
    try {
      await refuseMissingPartitions(producer, records);
      await producer.send({ acks: ProduceAcks.ALL, messages: records.map(toMessage) });
    } catch (error) {
      if (kafkaErrorType(error) === undefined && this.producer === producer) {
        // No answer of a broker: a connection on which one came too late is of no use any more (seen in its code).
        this.producer = undefined;
        producer.close().catch(() => undefined);
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.producer?.close();
  }
}

/** The client takes a partition modulo what there is: a key would change its partition without a word. */
async function refuseMissingPartitions(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
  const last = new Map<string, number>();
  for (const record of records) {
    last.set(record.topic, Math.max(last.get(record.topic) ?? 0, partitionFor(record)));
  }
  const { topics } = await producer.metadata({ topics: [...last.keys()] });
  for (const [topic, partition] of last) {
    const count = topics.get(topic)?.partitionsCount ?? 0;
    if (partition >= count) {
      throw new Error(`topic ${topic} has no partition ${partition}: ${count} partitions were found`);
    }
  }
}

type Message = Parameters<Producer['send']>[0]['messages'][number];

function toMessage(record: OutgoingRecord): Message {
  const { topic, key, value, headers } = record;
  return {
    topic,
    partition: partitionFor(record),
    ...(key === null ? {} : { key: Buffer.from(key) }),
    // null is a tombstone: it goes over the wire as it is, though the client's types do not have it.
    value: bytes(value) as Buffer,
    headers: wireHeaders(headers) as Map<Buffer, Buffer>,
  };
}

const namesMax = 1_000;
const names = new Map<string, Buffer>();

/** The same dozen names come with every record. */
function nameBytes(name: string): Buffer {
  let known = names.get(name);
  if (known === undefined) {
    known = Buffer.from(name);
    if (names.size < namesMax) {
      names.set(name, known);
    }
  }
  return known;
}

/** By buffer, not by string: as keys of a map two equal names are different, so a repeated header is kept. */
function wireHeaders(headers: RawHeaders): Map<Buffer, Buffer | null> {
  const wire = new Map<Buffer, Buffer | null>();
  for (const name in headers) {
    const value = headers[name];
    if (isList(value)) {
      for (const each of value) {
        wire.set(Buffer.from(name), bytes(each));
      }
    } else if (value !== undefined) {
      wire.set(nameBytes(name), bytes(value));
    }
  }
  return wire;
}

function isList(value: HeaderValue | readonly HeaderValue[] | undefined): value is readonly HeaderValue[] {
  return Array.isArray(value);
}

function bytes(value: string | Buffer | null): Buffer | null {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

class PlatformaticAdmin implements DriverAdmin {
  constructor(
    private readonly admin: Admin,
    private readonly requestTimeoutMs: number,
  ) {}

  topics(): Promise<string[]> {
    return this.admin.listTopics();
  }

  async createTopics(declared: readonly TopicDeclaration[]): Promise<void> {
    for (const { topic, partitions, config, replicationFactor } of declared) {
      await this.admin.createTopics({
        topics: [topic],
        partitions,
        replicas: replicationFactor ?? -1,
        configs: Object.entries(config).map(([name, value]) => ({ name, value })),
      });
    }
    const topics = declared.map(({ topic }) => topic);
    const deadline = performance.now() + this.requestTimeoutMs;
    while (!(await this.haveLeaders(topics))) {
      if (performance.now() > deadline) {
        throw new Error(`topics ${topics.join(', ')} have no leaders within ${this.requestTimeoutMs} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, LEADER_POLL_MS));
    }
  }

  async partitionCounts(names: readonly string[]): Promise<Map<string, number>> {
    const { topics } = await this.admin.metadata({ topics: [...names], forceUpdate: true });
    return new Map([...topics].map(([name, { partitionsCount }]) => [name, partitionsCount]));
  }

  async offsets(topic: string, time: OffsetTime): Promise<Map<number, string>> {
    const timestamp = time === 'earliest' ? EARLIEST : time === 'latest' ? LATEST : BigInt(time);
    const found = await this.listOffsets(topic, timestamp);
    if ([...found.values()].includes(NO_OFFSET)) {
      for (const [partition, end] of await this.listOffsets(topic, LATEST)) {
        if (found.get(partition) === NO_OFFSET) {
          found.set(partition, end);
        }
      }
    }
    return new Map([...found].map(([partition, offset]) => [partition, String(offset)]));
  }

  async committed(group: string, topic: string): Promise<Map<number, string>> {
    const partitionIndexes = await this.partitionsOf(topic);
    const groups = await this.admin.listConsumerGroupOffsets({
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }],
    });
    const partitions = groups.flatMap((each) => each.topics).flatMap((each) => each.partitions);
    return new Map(
      partitions
        .filter(({ committedOffset }) => committedOffset !== NO_OFFSET)
        .map(({ partitionIndex, committedOffset }) => [partitionIndex, String(committedOffset)]),
    );
  }

  async ping(): Promise<void> {
    await this.admin.metadata({ topics: [], forceUpdate: true });
  }

  close(): Promise<void> {
    return this.admin.close();
  }

  private async listOffsets(topic: string, timestamp: bigint): Promise<Map<number, bigint>> {
    const partitions = await this.partitionsOf(topic);
    const topics = await this.admin.listOffsets({
      topics: [{ name: topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })) }],
    });
    const found = topics.flatMap((each) => each.partitions);
    return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
  }

  private async partitionsOf(topic: string): Promise<number[]> {
    const count = (await this.partitionCounts([topic])).get(topic) ?? 0;
    return Array.from({ length: count }, (_, partition) => partition);
  }

  private async haveLeaders(names: readonly string[]): Promise<boolean> {
    try {
      const { topics } = await this.admin.metadata({ topics: [...names], forceUpdate: true });
      return [...topics.values()].every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0));
    } catch {
      // "Unknown topic": this broker has not heard of it yet.
      return false;
    }
  }
}
