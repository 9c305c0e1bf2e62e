import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type IHeaders,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Producer,
  type SASLOptions,
  type TopicMessages,
} from 'kafkajs';
import { FetchedRecord } from './consumed-record.js';
import {
  CONNECT_TIMEOUT_MS,
  type DriverAdmin,
  type DriverProducer,
  FETCH,
  type GroupMember,
  type GroupMemberOptions,
  HEARTBEAT_MS,
  type KafkaDriver,
  type KafkaSettings,
  type OffsetTime,
  REBALANCE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  type TopicPartition,
} from './kafka-driver.js';
import type { KafkaLog } from './kafka-log.js';
import { type HeaderValue, type OutgoingRecord, partitionFor, type RawHeaders } from './outgoing-record.js';
import type { TopicDeclaration } from './topic-declaration.js';

const ACKS_ALL = -1;
/** How long the broker may take to make topics; its answer comes then at the latest. kafkajs' default is 5 s. */
const CREATION_TIMEOUT_MS = 20_000;
/** How long a member that has nothing in hand tries to leave: a broker that makes it wait for others answers nothing else. */
const LEAVE_TIMEOUT_MS = 4_000;
/** kafkajs tells of a jump over lost records only in its log. */
const OFFSET_OUT_OF_RANGE = 'Offset out of range';
const NOTHING = Buffer.alloc(0);

/** kafkajs 2.2.4: the default. Its traps (silent jumps, offsets that commit themselves, slow stops) are settled here. */
export class KafkajsDriver implements KafkaDriver {
  private readonly config: KafkaConfig;

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
      logCreator: logCreatorFor(settings.log, () => undefined),
      // Whoever calls decides about waiting and trying again: the relay, the consumer, the health check.
      retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
    };
  }

  producer(): DriverProducer {
    // A second attempt at a hanging broker would last longer than the relay's longest send, and cost it its leases.
    const retry = { ...this.config.retry, retries: 0 };
    const kafka = new Kafka(this.config);
    return new KafkajsProducer(() => kafka.producer({ allowAutoTopicCreation: false, idempotent: false, retry }));
  }

  member(options: GroupMemberOptions): GroupMember {
    const logCreator = logCreatorFor(this.settings.log, options.onOutOfRange);
    return new KafkajsMember(new Kafka({ ...this.config, logCreator }), options);
  }

  async admin(requestTimeoutMs: number): Promise<DriverAdmin> {
    const admin = new Kafka({ ...this.config, requestTimeout: requestTimeoutMs }).admin();
    await admin.connect();
    return new KafkajsAdmin(admin);
  }
}

class KafkajsProducer implements DriverProducer {
  private producer: Producer | undefined;
  private connecting: Promise<void> | undefined;

  constructor(private readonly create: () => Producer) {}

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    const producer = (this.producer ??= this.create());
    try {
      await this.connect(producer);
      await producer.sendBatch({ acks: ACKS_ALL, timeout: REQUEST_TIMEOUT_MS, topicMessages: byTopic(records) });
    } catch (error) {
      if (!isAnswer(error) && this.producer === producer) {
        // kafkajs keeps a connection that does not answer, and one that has died without a word never will. One that was
        // lost while the cluster was asked who leads is never made again: "Broker not connected", for ever.
        this.producer = undefined;
        this.connecting = undefined;
        producer.disconnect().catch(() => undefined);
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined);
    await this.producer?.disconnect();
  }

  private connect(producer: Producer): Promise<void> {
    this.connecting ??= producer.connect().catch((error: unknown) => {
      if (this.producer === producer) {
        this.connecting = undefined;
      }
      throw error;
    });
    return this.connecting;
  }
}

/** The broker has said no. Of the last attempt, which is the cause where kafkajs has given up. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && (error.name === 'KafkaJSProtocolError' || isAnswer(error.cause));
}

function byTopic(records: readonly OutgoingRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const record of records) {
    const { topic, key, value } = record;
    let entry = topics.get(topic);
    if (entry === undefined) {
      entry = { topic, messages: [] };
      topics.set(topic, entry);
    }
    entry.messages.push({ key, value, headers: sendable(record.headers), partition: partitionFor(record) });
  }
  return [...topics.values()];
}

/** The headers as they are, not a copy, unless one is missing (left out) or null: kafkajs cannot send that; it becomes empty. */
function sendable(headers: RawHeaders): IHeaders {
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || value === null || (typeof value === 'object' && !Buffer.isBuffer(value))) {
      return mended(headers);
    }
  }
  return headers as IHeaders;
}

function mended(headers: RawHeaders): IHeaders {
  const mend = (value: HeaderValue): string | Buffer => value ?? NOTHING;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) {
        return [];
      }
      return [[name, typeof value === 'object' && Array.isArray(value) ? value.map(mend) : mend(value as HeaderValue)]];
    }),
  );
}

class KafkajsMember implements GroupMember {
  private readonly consumer: Consumer;
  private joining: Promise<void> | undefined;
  private leaving = false;
  private readonly inHand = new Set<Promise<void>>();
  /** Why partitions have to be given back; until the group is joined again. */
  private lost: Error | undefined;

  constructor(
    kafka: Kafka,
    private readonly options: GroupMemberOptions,
  ) {
    const { onAssigned, onContact, onHeartbeat, onCrash, sessionTimeoutMs, group } = options;
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      minBytes: FETCH.minBytes,
      maxBytes: FETCH.maxBytes,
      maxBytesPerPartition: FETCH.maxBytesPerPartition,
      // A stop waits for a running fetch, so this bounds how quick it is; it does not delay records.
      maxWaitTimeInMs: FETCH.maxWaitMs,
      allowAutoTopicCreation: false,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      this.lost = undefined;
      onContact();
      onHeartbeat();
      onAssigned(
        Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      );
    });
    consumer.on(consumer.events.HEARTBEAT, () => {
      onContact();
      onHeartbeat();
    });
    consumer.on(consumer.events.FETCH, onContact);
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => onCrash(error));
    this.consumer = consumer;
  }

  join(): Promise<void> {
    this.joining ??= this.run();
    return this.joining;
  }

  pause({ topic, partition }: TopicPartition): void {
    this.consumer.pause([{ topic, partitions: [partition] }]);
  }

  resume({ topic, partition }: TopicPartition): void {
    this.consumer.resume([{ topic, partitions: [partition] }]);
  }

  async seek({ topic, partition }: TopicPartition, offset: string): Promise<void> {
    await this.consumer.commitOffsets([{ topic, partition, offset }]);
    this.consumer.seek({ topic, partition, offset });
  }

  /**
   * Waits for what is in hand, however long, and not for the group: during a rebalance kafkajs would wait with the broker
   * for the slowest member, for a minute. Then the group finds out by itself when the session ends.
   */
  async leave(): Promise<void> {
    this.leaving = true;
    const left = this.untilJoined().then(() => this.consumer.disconnect());
    left.catch(() => undefined);
    const idle = Promise.all(this.inHand);
    const waiting = new AbortController();
    const tooLong = idle.then(() => sleep(LEAVE_TIMEOUT_MS, undefined, { signal: waiting.signal })).catch(() => undefined);
    await Promise.race([left, tooLong]).finally(() => waiting.abort());
  }

  private async untilJoined(): Promise<void> {
    await this.joining?.catch(() => undefined);
  }

  private async run(): Promise<void> {
    const { consumer } = this;
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.options.partitionsAtOnce,
      eachBatch: async (payload) => {
        if (this.leaving) {
          // Who has waited for it may have gone on without it. Nothing is resolved: it comes again, elsewhere.
          return;
        }
        const batch = this.eachBatch(payload);
        const settled = batch.catch(() => undefined);
        this.inHand.add(settled);
        await batch.finally(() => this.inHand.delete(settled));
      },
    });
  }

  private async eachBatch({ batch, heartbeat, resolveOffset, ...payload }: EachBatchPayload): Promise<void> {
    const { topic, partition } = batch;
    const lose = (error: unknown) => {
      this.lost ??= error instanceof Error ? error : new Error(String(error));
    };
    // A handler that takes long must not cost the membership, so the heart beats beside it.
    const beat = setInterval(() => void heartbeat().catch(lose), HEARTBEAT_MS);
    try {
      await this.options.onRecords({
        topic,
        partition,
        records: batch.messages.map(
          ({ offset, key, value, headers, timestamp }) =>
            new FetchedRecord(topic, partition, offset, key, value, (headers ?? {}) as RawHeaders, timestamp),
        ),
        revoked: () => this.lost !== undefined || !payload.isRunning() || payload.isStale(),
        commit: async (offset) => {
          resolveOffset(String(BigInt(offset) - 1n));
          await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
        },
      });
      await heartbeat();
    } catch (error) {
      lose(error);
    } finally {
      clearInterval(beat);
    }
    if (this.lost !== undefined) {
      // kafkajs joins again when the work on the other partitions has ended, too: `revoked` tells it to.
      throw this.lost;
    }
  }
}

class KafkajsAdmin implements DriverAdmin {
  constructor(private readonly admin: Admin) {}

  topics(): Promise<string[]> {
    return this.admin.listTopics();
  }

  async createTopics(declared: readonly TopicDeclaration[]): Promise<void> {
    await this.admin.createTopics({
      waitForLeaders: true,
      timeout: CREATION_TIMEOUT_MS,
      topics: declared.map(({ topic, partitions, config, replicationFactor }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replicationFactor ?? -1,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  async partitionCounts(topics: readonly string[]): Promise<Map<string, number>> {
    const metadata = await this.admin.fetchTopicMetadata({ topics: [...topics] });
    return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
  }

  async offsets(topic: string, time: OffsetTime): Promise<Map<number, string>> {
    if (typeof time === 'number') {
      const found = await this.admin.fetchTopicOffsetsByTimestamp(topic, time);
      return new Map(found.map(({ partition, offset }) => [partition, offset]));
    }
    const found = await this.admin.fetchTopicOffsets(topic);
    return new Map(found.map(({ partition, low, high }) => [partition, time === 'earliest' ? low : high]));
  }

  async committed(group: string, topic: string): Promise<Map<number, string>> {
    const found = await this.admin.fetchOffsets({ groupId: group, topics: [topic] });
    const partitions = found.flatMap((each) => each.partitions);
    return new Map(partitions.filter(({ offset }) => offset !== '-1').map(({ partition, offset }) => [partition, offset]));
  }

  async ping(): Promise<void> {
    await this.admin.describeCluster();
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }
}

/**
 * kafkajs' log lines in ours. It reports each retried attempt as an error; we retry for ever and report that ourselves,
 * so all of its lines are for debugging.
 */
function logCreatorFor(log: KafkaLog, onOffsetOutOfRange: (facts: object) => void) {
  return () =>
    ({ level, namespace, log: entry }: Parameters<ReturnType<NonNullable<KafkaConfig['logCreator']>>>[0]) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...facts } = entry;
      if (message.startsWith(OFFSET_OUT_OF_RANGE)) {
        onOffsetOutOfRange(facts);
      }
      if (level === logLevel.ERROR || level === logLevel.WARN) {
        log.debug(`kafkajs ${namespace}: ${message}`, facts);
      }
    };
}
