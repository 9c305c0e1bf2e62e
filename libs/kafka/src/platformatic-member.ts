import { type BaseOptions, ConnectionPool } from '@platformatic/kafka';
import { type FetchResponse, type Lot, type OwnedPartition, requestRecords, toLot } from './fetched-lot.js';
import {
  type GroupMember,
  type GroupMemberOptions,
  HEARTBEAT_MS,
  placeName,
  REBALANCE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  type TopicPartition,
} from './kafka-driver.js';
import type { KafkaLog } from './kafka-log.js';
import { PatientConsumer } from './patient-consumer.js';

/*
 * A member of a group on @platformatic/kafka. Its message stream fetches ahead, commits by itself and knows no single
 * partition, so only what is below it is used: joining, heartbeats, fetch, commit.
 *
 * A lane is a connection and a loop: it takes a lot of records that is ready and hands it over, or else fetches for all
 * partitions that are idle. So a partition is in one lane at a time, a slow one delays no other, and while nothing
 * happens one lane waits for all of them. Nothing is fetched of a partition whose last lot is not done with.
 */

/** Members can share a group only with those who name the same protocol: the broker keeps other drivers out. */
const PROTOCOL = { name: 'waybill-platformatic', version: 1 } as const;
const EARLIEST = -2n;
const NO_OFFSET = -1n;
const OFFSET_OUT_OF_RANGE = 1;
const FETCH_BACKOFF_MS = 200;
const LEAVE_TIMEOUT_MS = 2_000;

export class PlatformaticMember implements GroupMember {
  private readonly consumer: PatientConsumer;
  private owned = new Map<string, OwnedPartition>();
  private ready: Lot[] = [];
  private readonly paused = new Set<string>();
  private readonly inHand = new Set<Promise<void>>();
  private readonly pools = new Set<ConnectionPool>();
  private readonly lanes: Promise<void>[] = [];
  private waiting: (() => void)[] = [];
  private givingBack = true;
  /** Counts what makes the assignment that is being taken over an old one. */
  private turn = 0;
  private leaving = false;
  private lastFetch = 0;
  private lastBeat = performance.now();
  private watchdog: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: BaseOptions,
    private readonly options: GroupMemberOptions,
    private readonly log: KafkaLog,
  ) {
    const { onContact, onCrash } = options;
    this.consumer = new PatientConsumer(
      {
        ...connection,
        // The answer to a join comes when the slowest member has joined.
        requestTimeout: REBALANCE_TIMEOUT_MS + REQUEST_TIMEOUT_MS,
        groupId: options.group,
        sessionTimeout: options.sessionTimeoutMs,
        rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, options.sessionTimeoutMs),
        heartbeatInterval: HEARTBEAT_MS,
        protocols: [PROTOCOL],
        autocommit: false,
      },
      () => this.giveBack(),
    );
    this.consumer.on('consumer:group:join', () => {
      this.beat();
      this.takeOver().catch((error: unknown) => onCrash(asError(error)));
    });
    this.consumer.on('consumer:heartbeat:end', () => this.beat());
    this.consumer.on('consumer:heartbeat:error', ({ error }) => onCrash(error));
    // Joining again has failed.
    this.consumer.on('error', (error: Error) => onCrash(error));
    onContact();
  }

  async join(): Promise<void> {
    for (const topic of this.options.topics) {
      this.consumer.topics.track(topic);
    }
    await this.consumer.joinGroup({});
  }

  pause(place: TopicPartition): void {
    this.paused.add(placeName(place));
  }

  resume(place: TopicPartition): void {
    this.paused.delete(placeName(place));
    this.wake();
  }

  async seek(place: TopicPartition, offset: string): Promise<void> {
    const owned = this.owned.get(placeName(place));
    if (owned === undefined) {
      throw new Error(`${placeName(place)} is not this member's any more`);
    }
    await this.commit(owned, BigInt(offset));
    owned.position = BigInt(offset);
  }

  async leave(): Promise<void> {
    this.leaving = true;
    clearInterval(this.watchdog);
    this.wake();
    // What is being fetched is not waited for; what is in hand is.
    await Promise.all([...this.pools].map((pool) => this.closePool(pool)));
    await Promise.all(this.lanes);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LEAVE_TIMEOUT_MS);
      // Where nobody answers, the group finds out by itself when the session ends.
      this.consumer.leaveGroup(true, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    await this.consumer.disconnect();
  }

  /** After a (re)join: positions are what the group has committed, or the beginning. */
  private async takeOver(): Promise<void> {
    const turn = ++this.turn;
    const assignments = (this.consumer.assignments ?? []).filter(({ partitions }) => partitions.length > 0);
    const owned = new Map<string, OwnedPartition>();
    if (assignments.length > 0) {
      const committed = await this.consumer.listCommittedOffsets({ topics: assignments });
      for (const { topic, partitions } of assignments) {
        for (const partition of partitions) {
          const position = committed.get(topic)?.[partition] ?? NO_OFFSET;
          const place = { topic, partition };
          owned.set(placeName(place), {
            ...place,
            position: position === NO_OFFSET ? await this.earliest(place) : position,
            taken: false,
          });
        }
      }
    }
    if (this.leaving || turn !== this.turn) {
      return;
    }
    this.owned = owned;
    this.lastFetch = performance.now();
    this.givingBack = false;
    this.options.onAssigned([...owned.values()].map(({ topic, partition }) => ({ topic, partition })));
    await this.openLanes();
    this.wake();
  }

  /** Resolves when the group may have the partitions: the work in hand is done and committed. */
  private async giveBack(): Promise<void> {
    this.turn++;
    this.givingBack = true;
    this.ready = [];
    await Promise.all(this.inHand);
    this.owned = new Map();
  }

  /** One lane for each partition worked on, and one for each broker that is waited for meanwhile. */
  private async openLanes(): Promise<void> {
    this.watchdog ??= setInterval(() => this.watch(), HEARTBEAT_MS);
    const { brokers } = await this.consumer.metadata({ topics: [...this.options.topics] });
    while (!this.leaving && this.lanes.length < this.options.partitionsAtOnce + brokers.size) {
      this.lanes.push(this.lane());
    }
  }

  private async lane(): Promise<void> {
    let pool = this.openPool();
    while (!this.leaving) {
      const lot = this.inHand.size < this.options.partitionsAtOnce ? this.ready.shift() : undefined;
      if (lot !== undefined) {
        await this.work(lot);
        continue;
      }
      const outcome = await this.fetch(pool);
      if (outcome === 'failed') {
        // An answer that comes after its time-out leaves the connection unreadable (seen in the client's code).
        await this.closePool(pool);
        pool = this.openPool();
      } else if (outcome === 'nothing to do' && !this.leaving) {
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
    }
    await this.closePool(pool);
  }

  private openPool(): ConnectionPool {
    const pool = new ConnectionPool(this.connection.clientId, this.connection);
    this.pools.add(pool);
    return pool;
  }

  private async closePool(pool: ConnectionPool): Promise<void> {
    this.pools.delete(pool);
    await pool.close().catch(() => undefined);
  }

  private async work({ owned, from, records, end }: Lot): Promise<void> {
    // After a seek these are not the records that are wanted, and their commit would undo it.
    if (!this.paused.has(placeName(owned)) && owned.position === from) {
      const { topic, partition } = owned;
      const after = BigInt(records.at(-1)?.offset ?? 0) + 1n;
      const work = this.options.onRecords({
        topic,
        partition,
        records,
        revoked: () => this.leaving || this.givingBack || !this.isOwned(owned),
        commit: async (offset) => {
          await this.commit(owned, BigInt(offset));
          owned.position = BigInt(offset) === after ? end : BigInt(offset);
        },
      });
      const settled = work.catch((error: unknown) => this.options.onCrash(asError(error)));
      this.inHand.add(settled);
      await settled;
      this.inHand.delete(settled);
    }
    owned.taken = false;
    this.wake();
  }

  private async commit({ topic, partition }: TopicPartition, offset: bigint): Promise<void> {
    if (this.consumer.memberId === null) {
      throw new Error('the membership is lost: nothing can be committed');
    }
    await this.consumer.commit({ offsets: [{ topic, partition, offset, leaderEpoch: -1 }] });
  }

  private async fetch(pool: ConnectionPool): Promise<'fetched' | 'nothing to do' | 'failed'> {
    let wanted: OwnedPartition[] = [];
    try {
      const { topics } = await this.consumer.metadata({ topics: [...this.options.topics] });
      const leaderOf = ({ topic, partition }: TopicPartition) => topics.get(topic)?.partitions[partition]?.leader;
      const idle = this.idle();
      const node = idle[0] === undefined ? undefined : leaderOf(idle[0]);
      if (idle.length === 0) {
        return 'nothing to do';
      }
      if (node === undefined) {
        throw new Error(`no leader is known of ${idle.map(placeName).join(', ')}`);
      }
      wanted = idle.filter((owned) => leaderOf(owned) === node);
      const requested = new Map(wanted.map((owned) => [owned, owned.position]));
      for (const owned of wanted) {
        owned.taken = true;
      }
      const ids = new Map([...topics].map(([topic, { id }]) => [id, topic]));
      const response = await requestRecords(this.consumer, pool, node, wanted, topics);
      wanted = [];
      await this.receive(response, ids, requested);
      return 'fetched';
    } catch (error) {
      this.release(wanted);
      this.consumer.clearMetadata();
      if (!this.leaving) {
        this.log.debug('fetching failed; it is tried again', { group: this.options.group, error: asError(error).message });
        if (performance.now() - this.lastFetch > this.options.sessionTimeoutMs) {
          this.options.onCrash(asError(error));
        }
        await this.backOff();
      }
      return 'failed';
    }
  }

  private async receive(
    response: FetchResponse,
    ids: ReadonlyMap<string, string>,
    requested: ReadonlyMap<OwnedPartition, bigint>,
  ): Promise<void> {
    this.options.onContact();
    this.lastFetch = performance.now();
    const asked = new Map([...requested.keys()].map((owned) => [placeName(owned), owned]));
    const outOfRange: OwnedPartition[] = [];
    let failed = false;
    for (const { topicId, partitions } of response.responses) {
      for (const fetched of partitions) {
        const name = placeName({ topic: ids.get(topicId) ?? '', partition: fetched.partitionIndex });
        const owned = asked.get(name);
        // After a seek or a rebalance these are not the records that are wanted.
        if (owned === undefined || !this.isOwned(owned) || this.givingBack || owned.position !== requested.get(owned)) {
          continue;
        }
        if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
          outOfRange.push(owned);
          asked.delete(name);
        } else if (fetched.errorCode !== 0) {
          failed = true;
        } else {
          const lot = toLot(owned, fetched);
          if (lot.records.length > 0) {
            this.ready.push(lot);
            asked.delete(name);
          } else {
            owned.position = lot.end;
          }
        }
      }
    }
    this.release(asked.values());
    await Promise.all(outOfRange.map((owned) => this.startOver(owned)));
    if (failed) {
      this.consumer.clearMetadata();
      await this.backOff();
    }
  }

  private async startOver(owned: OwnedPartition): Promise<void> {
    const { topic, partition, position } = owned;
    try {
      owned.position = await this.earliest(owned);
      this.options.onOutOfRange({ topic, partition, offset: String(position), earliest: String(owned.position) });
    } finally {
      this.release([owned]);
    }
  }

  private async earliest({ topic, partition }: TopicPartition): Promise<bigint> {
    const offsets = await this.consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [partition] },
      timestamp: EARLIEST,
    });
    return offsets.get(topic)?.[partition] ?? 0n;
  }

  private idle(): OwnedPartition[] {
    if (this.givingBack) {
      return [];
    }
    return [...this.owned.values()].filter((owned) => !owned.taken && !this.paused.has(placeName(owned)));
  }

  private isOwned(owned: OwnedPartition): boolean {
    return this.owned.get(placeName(owned)) === owned;
  }

  private release(partitions: Iterable<OwnedPartition>): void {
    for (const owned of partitions) {
      owned.taken = false;
    }
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) {
      resolve();
    }
  }

  private async backOff(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, FETCH_BACKOFF_MS));
  }

  private beat(): void {
    this.lastBeat = performance.now();
    this.options.onContact();
    this.options.onHeartbeat();
  }

  /** A broker that hangs answers nothing, not even with an error. */
  private watch(): void {
    if (!this.givingBack && performance.now() - this.lastBeat > this.options.sessionTimeoutMs) {
      this.options.onCrash(new Error('no heartbeat was answered for longer than the session'));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
