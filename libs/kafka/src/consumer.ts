import type { ConsumedRecord } from './consumed-record.js';
import {
  type FetchedRecords,
  type GroupMember,
  type KafkaDriver,
  placeName,
  type TopicPartition,
} from './kafka-driver.js';
import { kafkaErrorType, OTHER_DRIVER } from './kafka-errors.js';
import type { KafkaLog } from './kafka-log.js';

/*
 * Hands the records of a consumer group to one handler, in the order of each partition, in chunks of one partition.
 *
 * - An offset is committed after the handler of its chunk has resolved, and never past a chunk that has not.
 * - A chunk whose handler fails holds its partition: the partition is paused, its position stays, and the same records
 *   come again after a backoff, for ever. The other partitions go on. Nothing is skipped.
 * - A partition is given back, to a rebalance or at the end, when the chunk in hand is done and committed.
 * - Kafka away, at the start or later: the consumer tries again, for ever, and the process lives on.
 * - It tells how it gets on (`progress`): each answer to a heartbeat and each attempt to join is a beat; each lot of
 *   records is in hand until it is done with and committed. A held partition has nothing in hand.
 * - Copies happen (a crash between effect and commit, a rebalance): the handler must be idempotent. The inbox is.
 */

export interface EventConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Resolves when every one of the records, of one partition and in its order, is done with. An error brings all again. */
  readonly handle: (records: readonly ConsumedRecord[]) => Promise<void>;
  readonly log: KafkaLog;
  /** Told how the consumer gets on. */
  readonly progress?: ConsumerProgress;
  /** Records handed over at once; 100. */
  readonly chunkMax?: number;
  /** Partitions worked on at the same time; 4. */
  readonly partitionsAtOnce?: number;
  /** How long this process may stay silent before another instance takes its partitions; 10 s. */
  readonly sessionTimeoutMs?: number;
}

export interface ConsumerProgress {
  /** The group knows that it lives, or it tries to join. */
  beat(): void;
  /** `topic/partition` has records in hand, until the function that is returned is called. */
  begin(place: string): () => void;
  /** A chunk of them is done with, or committed. */
  moved(place: string): void;
}

export interface PartitionPosition extends TopicPartition {
  /** The next record to read; a decimal string. */
  readonly offset: string;
}

export interface HeldPartition extends PartitionPosition {
  readonly attempts: number;
  readonly error: string;
}

export interface ConsumerStatus {
  readonly joined: boolean;
  /** What this member owns of its topics. */
  readonly assignment: readonly TopicPartition[];
  /** Milliseconds since the broker last answered; undefined before the first answer. */
  readonly lastContactMsAgo: number | undefined;
  /** Milliseconds since the group last knew that this member lives. */
  readonly lastHeartbeatMsAgo: number | undefined;
  readonly held: readonly HeldPartition[];
  /** True once records were deleted by retention before this consumer read them. */
  readonly lostRecords: boolean;
  /** True while live members of the group use another Kafka driver; this one joins when they have left. */
  readonly keptOut: boolean;
}

const RESTART_BACKOFF_MS = 500;
const RESTART_BACKOFF_MAX_MS = 5_000;
const HOLD_BACKOFF_MS = 100;
const HOLD_BACKOFF_MAX_MS = 5_000;

export class EventConsumer {
  private member: GroupMember | undefined;
  private starting: Promise<void> | undefined;
  private stopping = false;
  private interrupt: () => void = () => undefined;
  private readonly stopped = new Promise<void>((resolve) => {
    this.interrupt = resolve;
  });
  private joined = false;
  private keptOut = false;
  private failures = 0;
  private lastContact: number | undefined;
  private lastHeartbeat: number | undefined;
  private lost = false;
  private assignment: readonly TopicPartition[] = [];
  private readonly held = new Map<string, HeldPartition>();
  private readonly inHand = new Map<string, Promise<void>>();
  private readonly seeking = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly driver: () => Promise<KafkaDriver>,
    private readonly options: EventConsumerOptions,
  ) {}

  /** Returns at once; joins the group in the background and stays in it until `stop()`. */
  start(): void {
    this.starting ??= this.stayInGroup();
  }

  /** Resolves when the chunks in hand are done, their offsets committed, and the group left. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.interrupt();
    for (const timer of this.timers) {
      clearTimeout(timer);
    }
    await this.starting;
  }

  status(): ConsumerStatus {
    return {
      joined: this.joined,
      assignment: this.assignment,
      lastContactMsAgo: this.lastContact === undefined ? undefined : performance.now() - this.lastContact,
      lastHeartbeatMsAgo: this.lastHeartbeat === undefined ? undefined : performance.now() - this.lastHeartbeat,
      held: [...this.held.values()],
      lostRecords: this.lost,
      keptOut: this.keptOut,
    };
  }

  /**
   * Goes on from other offsets, at once, after the chunk in hand; they are committed, so that a restart keeps to them.
   * Partitions that this member does not own are ignored: the answer tells which were moved.
   */
  async seek(positions: readonly PartitionPosition[]): Promise<readonly TopicPartition[]> {
    const moved: TopicPartition[] = [];
    for (const { topic, partition, offset } of positions) {
      if (await this.seekOne({ topic, partition }, offset)) {
        moved.push({ topic, partition });
      }
    }
    return moved;
  }

  private async seekOne(place: TopicPartition, offset: string): Promise<boolean> {
    const { member } = this;
    const name = placeName(place);
    if (member === undefined || !this.owns(name)) {
      return false;
    }
    this.seeking.add(name);
    member.pause(place);
    try {
      await this.inHand.get(name);
      // The chunk may have taken long: the partition may be somebody else's by now.
      if (this.member !== member || !this.owns(name)) {
        return false;
      }
      await member.seek(place, offset);
      this.held.delete(name);
      return true;
    } finally {
      this.seeking.delete(name);
      member.resume(place);
    }
  }

  private owns(name: string): boolean {
    return this.joined && this.assignment.some((place) => placeName(place) === name);
  }

  private async stayInGroup(): Promise<void> {
    while (!this.stopping) {
      this.options.progress?.beat();
      try {
        await this.beMember();
      } catch (error) {
        this.tell(error);
      }
      this.joined = false;
      this.assignment = [];
      await this.member?.leave().catch(() => undefined);
      // A new member must not get records that the old one still works on.
      await Promise.all(this.inHand.values());
      this.member = undefined;
      if (!this.stopping) {
        this.failures++;
        await this.sleep(Math.min(RESTART_BACKOFF_MS * 2 ** (this.failures - 1), RESTART_BACKOFF_MAX_MS));
      }
    }
  }

  /** Resolves at `stop()`; rejects when the group could not be joined, or was left against our will. */
  private async beMember(): Promise<void> {
    const driver = await this.driver();
    const crashed = new Promise<never>((_, reject) => {
      this.member = driver.member({
        group: this.options.group,
        topics: this.options.topics,
        sessionTimeoutMs: this.options.sessionTimeoutMs ?? 10_000,
        partitionsAtOnce: this.options.partitionsAtOnce ?? 4,
        onAssigned: (owned) => this.assigned(owned),
        onContact: () => {
          this.lastContact = performance.now();
        },
        onHeartbeat: () => {
          this.lastHeartbeat = performance.now();
          this.options.progress?.beat();
        },
        onRecords: (fetched) => this.work(fetched),
        onOutOfRange: (facts) => this.lostRecords(facts),
        onCrash: reject,
      });
    });
    await Promise.race([this.member?.join(), crashed, this.stopped]);
    await Promise.race([crashed, this.stopped]);
  }

  private assigned(owned: readonly TopicPartition[]): void {
    this.joined = true;
    this.keptOut = false;
    this.failures = 0;
    this.assignment = owned;
    for (const [name, place] of this.held) {
      if (!this.owns(placeName(place))) {
        this.held.delete(name);
      }
    }
  }

  private async work(fetched: FetchedRecords): Promise<void> {
    const name = placeName(fetched);
    const letGo = this.options.progress?.begin(name);
    const working = this.workThrough(fetched);
    const settled = working.catch(() => undefined);
    this.inHand.set(name, settled);
    try {
      await working;
    } finally {
      this.inHand.delete(name);
      letGo?.();
    }
  }

  private async workThrough(fetched: FetchedRecords): Promise<void> {
    const { records } = fetched;
    const name = placeName(fetched);
    const chunkMax = this.options.chunkMax ?? 100;
    for (let from = 0; from < records.length; from += chunkMax) {
      if (this.stopping || fetched.revoked() || this.seeking.has(name)) {
        return;
      }
      const chunk = records.slice(from, from + chunkMax);
      const last = chunk.at(-1);
      if (last === undefined || !(await this.handle(fetched, chunk))) {
        return;
      }
      this.options.progress?.moved(name);
      await fetched.commit(String(BigInt(last.offset) + 1n));
      this.options.progress?.moved(name);
    }
  }

  /** False when the handler failed: then the partition is paused, and its position stays where it is. */
  private async handle(place: TopicPartition, records: readonly ConsumedRecord[]): Promise<boolean> {
    const name = placeName(place);
    try {
      await this.options.handle(records);
      this.held.delete(name);
      return true;
    } catch (error) {
      const { topic, partition } = place;
      const offset = records[0]?.offset ?? '';
      const before = this.held.get(name);
      const attempts = (before?.offset === offset ? before.attempts : 0) + 1;
      const text = error instanceof Error ? error.message : String(error);
      this.held.set(name, { topic, partition, offset, attempts, error: text });
      const waitMs = Math.min(HOLD_BACKOFF_MS * 2 ** (attempts - 1), HOLD_BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
      this.options.log.warn('events failed; their partition waits and they come again', {
        topic,
        partition,
        offset,
        records: records.length,
        attempts,
        waitMs: Math.round(waitMs),
        error: text,
      });
      this.hold(place, waitMs);
      return false;
    }
  }

  private hold(place: TopicPartition, ms: number): void {
    const { member } = this;
    member?.pause(place);
    if (this.stopping) {
      // Nobody reads on here, and nobody would clear the timer.
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.stopping && !this.seeking.has(placeName(place))) {
        member?.resume(place);
      }
    }, ms);
    this.timers.add(timer);
  }

  /** The committed offset is no longer in the topic. An alarm, never a silent jump. */
  private lostRecords(facts: object): void {
    this.lost = true;
    this.options.log.error(
      'records were deleted by retention before this consumer read them; it goes on with the earliest that are left',
      { group: this.options.group, ...facts },
    );
  }

  private tell(error: unknown): void {
    const { group, log } = this.options;
    const text = error instanceof Error ? error.message : String(error);
    this.keptOut = kafkaErrorType(error) === OTHER_DRIVER;
    if (this.keptOut) {
      log.error(
        'live members of the group use another Kafka driver, and a group never mixes them: this instance joins when they have left. Set WAYBILL_KAFKA_DRIVER to the same value everywhere.',
        { group, error: text },
      );
    } else if (this.joined) {
      log.warn('the consumer left its group after an error; it joins again', { group, error: text });
    } else {
      log.warn('the consumer could not join its group; it tries again', { group, error: text });
    }
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
      this.stopped,
    ]);
    clearTimeout(timer);
  }
}
