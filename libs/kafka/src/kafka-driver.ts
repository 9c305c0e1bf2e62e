import type { ConnectionOptions } from 'node:tls';
import type { ConsumedRecord } from './consumed-record.js';
import type { KafkaLog } from './kafka-log.js';
import type { OutgoingRecord } from './outgoing-record.js';
import type { TopicDeclaration } from './topic-declaration.js';

/*
 * What the port asks of a Kafka client. What we promise (chunks, holding a partition, joining for ever, spans, which
 * error means what) is written once, in consumer.ts and producer.ts; a driver only speaks to its client.
 */

export const kafkaDrivers = ['kafkajs', 'platformatic'] as const;
export type KafkaDriverName = (typeof kafkaDrivers)[number];

export interface KafkaSettings {
  readonly clientId: string;
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** The client library underneath; kafkajs. All members of a group must use the same. */
  readonly driver?: KafkaDriverName;
  /** Absent or false: plain text. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly log: KafkaLog;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface KafkaDriver {
  producer(): DriverProducer;
  member(options: GroupMemberOptions): GroupMember;
  /** Connected. */
  admin(requestTimeoutMs: number): Promise<DriverAdmin>;
}

export interface DriverProducer {
  /**
   * Resolves when all in-sync replicas have every record. Connects when it has to. Each of its steps has a time limit,
   * and the records are not sent a second time: so it settles whatever the broker does, and asks for nothing afterwards.
   */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface GroupMemberOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly partitionsAtOnce: number;
  /** Called at each (re)join with all that is owned from now on. */
  readonly onAssigned: (owned: readonly TopicPartition[]) => void;
  /** A broker has answered. */
  readonly onContact: () => void;
  /** The group knows that this member lives: it was taken in, or its heartbeat was answered. A fetch says no such thing. */
  readonly onHeartbeat: () => void;
  /**
   * Never called for two lots of one partition at once. Before the partition is given back, to a rebalance or at the
   * end, the driver waits until it resolves, and keeps the membership alive meanwhile. A rejection is a crash.
   */
  readonly onRecords: (fetched: FetchedRecords) => Promise<void>;
  /** The position is no longer in the topic; the driver goes on with the earliest record. */
  readonly onOutOfRange: (facts: object) => void;
  /** The member is of no use any more: make another one. */
  readonly onCrash: (error: Error) => void;
}

/** Records of one partition in its order. What is not committed when `onRecords` resolves is fetched again. */
export interface FetchedRecords extends TopicPartition {
  readonly records: readonly ConsumedRecord[];
  /** True once the partition has to be given back: the work ends after the chunk in hand. */
  revoked(): boolean;
  /** `offset` is the next to be read, by this member and by whoever comes after it. */
  commit(offset: string): Promise<void>;
}

/** One stay in a consumer group. Offsets are never committed by the client itself, and a new group starts at the beginning. */
export interface GroupMember {
  join(): Promise<void>;
  pause(place: TopicPartition): void;
  resume(place: TopicPartition): void;
  /** Reads go on from `offset`, which is committed, too. The partition is paused and nothing of it is in hand. */
  seek(place: TopicPartition, offset: string): Promise<void>;
  /** Resolves when the work in hand is done and the group is left, or cannot be. */
  leave(): Promise<void>;
}

/** Milliseconds since 1970: the first record that is not older. */
export type OffsetTime = number | 'earliest' | 'latest';

export interface DriverAdmin {
  topics(): Promise<string[]>;
  /** Resolves when each partition has a leader. */
  createTopics(declared: readonly TopicDeclaration[]): Promise<void>;
  partitionCounts(topics: readonly string[]): Promise<Map<string, number>>;
  /** Partition -> offset as a decimal string; the end of the partition where no record is that young. */
  offsets(topic: string, time: OffsetTime): Promise<Map<number, string>>;
  /** Partition -> next offset that the group will read; partitions without one are absent. */
  committed(group: string, topic: string): Promise<Map<number, string>>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Bounds a request; with CONNECT_TIMEOUT_MS below the relay's longest send, or a hanging broker costs it its leases. */
export const REQUEST_TIMEOUT_MS = 2_000;
export const CONNECT_TIMEOUT_MS = 1_000;
export const HEARTBEAT_MS = 1_000;
/** How long the group waits for a member that still works on what it has to give back. */
export const REBALANCE_TIMEOUT_MS = 60_000;

/** One byte is enough for an answer, so an idle consumer is quick; what has piled up comes in large lots. */
export const FETCH = { minBytes: 1, maxBytes: 10 * 1_048_576, maxBytesPerPartition: 1_048_576, maxWaitMs: 200 } as const;

/** A key for maps. */
export function placeName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
