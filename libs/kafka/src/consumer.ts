import type { Consumer, EachBatchPayload, IHeaders, Kafka, KafkaMessage } from 'kafkajs';
import type { KafkaLog } from './kafka-log.js';

/*
 * Hands the records of a consumer group to one handler, in the order of each partition, in chunks of one partition.
 *
 * - An offset is committed after the handler of its chunk has resolved, and never past a chunk that has not.
 * - A chunk whose handler fails holds its partition: the partition is paused, its position stays, and the same records
 *   come again after a backoff, for ever. The other partitions go on. Nothing is skipped.
 * - Kafka away, at the start or later: the consumer tries again, for ever, and the process lives on.
 * - Copies happen (a crash between effect and commit, a rebalance): the handler must be idempotent. The inbox is.
 */

export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string: it may exceed 2^53. */
  readonly offset: string;
  readonly key: string | undefined;
  readonly value: Buffer | null;
  /** As text; a header that came more than once is undefined here. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: IHeaders;
  /** Milliseconds since 1970, by the broker's clock. */
  readonly timestamp: string;
}

export interface EventConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Resolves when every one of the records, of one partition and in its order, is done with. An error brings all again. */
  readonly handle: (records: readonly ConsumedRecord[]) => Promise<void>;
  readonly log: KafkaLog;
  /** Records handed over at once; 100. */
  readonly chunkMax?: number;
  /** Partitions worked on at the same time; 4. */
  readonly partitionsAtOnce?: number;
  /** How long a record's handler may stay silent before another instance takes the partition; 10 s. */
  readonly sessionTimeoutMs?: number;
}

export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly attempts: number;
  readonly error: string;
}

export interface ConsumerStatus {
  readonly joined: boolean;
  /** Milliseconds since the broker last answered; undefined before the first answer. */
  readonly lastContactMsAgo: number | undefined;
  readonly held: readonly HeldPartition[];
  /** True once records were deleted by retention before this consumer read them. */
  readonly lostRecords: boolean;
}

const HEARTBEAT_MS = 1_000;
const RESTART_BACKOFF_MS = 500;
const RESTART_BACKOFF_MAX_MS = 5_000;
const HOLD_BACKOFF_MS = 100;
const HOLD_BACKOFF_MAX_MS = 5_000;
/** `stop()` waits for a running fetch, so this bounds how quickly a consumer stops; it does not delay records. */
const FETCH_WAIT_MS = 200;

export class EventConsumer {
  private consumer: Consumer | undefined;
  private starting: Promise<void> | undefined;
  private stopping = false;
  private joined = false;
  private lastContact: number | undefined;
  private lost = false;
  private interrupt: () => void = () => undefined;
  private readonly held = new Map<string, HeldPartition>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly kafka: Kafka,
    private readonly options: EventConsumerOptions,
  ) {}

  /** Returns at once; joins the group in the background and stays in it until `stop()`. */
  start(): void {
    this.starting ??= this.stayInGroup();
  }

  /** Resolves when the record in hand is done, its offset committed, and the group left. */
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
      lastContactMsAgo: this.lastContact === undefined ? undefined : performance.now() - this.lastContact,
      held: [...this.held.values()],
      lostRecords: this.lost,
    };
  }

  /** Told by the client's log: the committed offset is no longer in the topic. An alarm, never a silent jump. */
  lostRecords(facts: object): void {
    this.lost = true;
    this.options.log.error(
      'records were deleted by retention before this consumer read them; it goes on with the earliest that are left',
      { group: this.options.group, ...facts },
    );
  }

  private async stayInGroup(): Promise<void> {
    for (let failures = 0; !this.stopping; ) {
      const crashed = new Promise<Error>((resolve) => {
        this.consumer = this.createConsumer(resolve);
      });
      try {
        await this.join();
        failures = 0;
        await Promise.race([crashed, this.interrupted()]);
      } catch (error) {
        this.options.log.warn('the consumer could not join its group; it tries again', {
          group: this.options.group,
          error: error instanceof Error ? error.message : String(error),
        });
      }
      this.joined = false;
      await this.consumer?.disconnect().catch(() => undefined);
      if (!this.stopping) {
        failures++;
        await this.sleep(Math.min(RESTART_BACKOFF_MS * 2 ** (failures - 1), RESTART_BACKOFF_MAX_MS));
      }
    }
  }

  private createConsumer(onCrash: (error: Error) => void): Consumer {
    const consumer = this.kafka.consumer({
      groupId: this.options.group,
      sessionTimeout: this.options.sessionTimeoutMs ?? 10_000,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.joined = true;
      this.contact();
    });
    consumer.on(consumer.events.HEARTBEAT, () => this.contact());
    consumer.on(consumer.events.FETCH, () => this.contact());
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      this.joined = false;
      this.options.log.warn('the consumer left its group after an error; it joins again', {
        group: this.options.group,
        error: error.message,
      });
      onCrash(error);
    });
    return consumer;
  }

  private async join(): Promise<void> {
    const { consumer } = this;
    if (consumer === undefined) {
      return;
    }
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.options.partitionsAtOnce ?? 4,
      eachBatch: (payload) => this.eachBatch(payload),
    });
  }

  private async eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale } = payload;
    let lost: Error | undefined;
    // A handler that takes long must not cost the membership, so the heart beats beside it.
    const beat = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        lost = error instanceof Error ? error : new Error(String(error));
      });
    }, HEARTBEAT_MS);
    try {
      const chunkMax = this.options.chunkMax ?? 100;
      for (let from = 0; from < batch.messages.length; from += chunkMax) {
        if (this.stopping || !isRunning() || isStale() || lost !== undefined) {
          break;
        }
        const messages = batch.messages.slice(from, from + chunkMax);
        const records = messages.map((message) => toRecord(batch.topic, batch.partition, message));
        const last = records.at(-1);
        if (last === undefined || !(await this.handle(payload, records))) {
          break;
        }
        resolveOffset(last.offset);
        await commitOffsetsIfNecessary({
          topics: [
            {
              topic: batch.topic,
              partitions: [{ partition: batch.partition, offset: String(BigInt(last.offset) + 1n) }],
            },
          ],
        });
      }
    } finally {
      clearInterval(beat);
    }
    if (lost !== undefined) {
      throw lost;
    }
    await heartbeat();
  }

  /** False when the handler failed: then the partition is paused, and its position stays where it is. */
  private async handle({ batch, pause }: EachBatchPayload, records: readonly ConsumedRecord[]): Promise<boolean> {
    const place = `${batch.topic}/${batch.partition}`;
    try {
      await this.options.handle(records);
      this.held.delete(place);
      return true;
    } catch (error) {
      const offset = records[0]?.offset ?? '';
      const before = this.held.get(place);
      const attempts = (before?.offset === offset ? before.attempts : 0) + 1;
      const text = error instanceof Error ? error.message : String(error);
      this.held.set(place, { topic: batch.topic, partition: batch.partition, offset, attempts, error: text });
      const waitMs = Math.min(HOLD_BACKOFF_MS * 2 ** (attempts - 1), HOLD_BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
      this.options.log.warn('events failed; their partition waits and they come again', {
        topic: batch.topic,
        partition: batch.partition,
        offset,
        records: records.length,
        attempts,
        waitMs: Math.round(waitMs),
        error: text,
      });
      this.resumeLater(pause(), waitMs);
      return false;
    }
  }

  private resumeLater(resume: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.stopping) {
        resume();
      }
    }, ms);
    this.timers.add(timer);
  }

  private contact(): void {
    this.lastContact = performance.now();
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
      this.interrupted(),
    ]);
    clearTimeout(timer);
  }

  /** Resolves at `stop()`. */
  private interrupted(): Promise<void> {
    if (this.stopping) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.interrupt = resolve;
    });
  }
}

function toRecord(topic: string, partition: number, message: KafkaMessage): ConsumedRecord {
  const rawHeaders = message.headers ?? {};
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(rawHeaders)) {
    headers[name] = Array.isArray(value) ? undefined : value?.toString();
  }
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key?.toString(),
    value: message.value,
    headers,
    rawHeaders,
    timestamp: message.timestamp,
  };
}
