import { hostname } from 'node:os';
import { consumers, publishers, type Service } from '@waybill/contracts';
import { type ConnectionSettings, createConnection, transaction } from '@waybill/database';
import type { Progress } from '@waybill/health';
import {
  countParked,
  IdempotentConsumer,
  InboxCleaner,
  type InboxCleanerOptions,
  type InboxRecord,
  type ParkedCounts,
  RetryWorker,
} from '@waybill/inbox';
import { type EventConsumer, type EventProducer, inProcessSpan, type KafkaClient } from '@waybill/kafka';
import { type Outbox, OutboxArchiveCleaner, OutboxRelay, type OutboxSignal } from '@waybill/outbox';
import type pg from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { deadLettersOf } from './dead-letter.js';
import { EventRouter } from './event-router.js';
import type { InboxSettings } from './inbox-settings.js';
import type { Metrics } from './metrics.js';
import { PeriodicWorker } from './periodic-worker.js';
import { ReplayWatcher } from './replay-watcher.js';
import type { PlainLog } from './service-logger.js';
import type { ServiceSettings } from './service-settings.js';
import type { BackgroundWorker, Subscriptions } from './subscriptions.js';

export interface MessagingOptions {
  readonly service: Service;
  readonly settings: ServiceSettings;
  readonly connection: ConnectionSettings;
  readonly dataSource: DataSource;
  readonly kafka: KafkaClient;
  readonly outbox: Outbox;
  readonly signal: OutboxSignal;
  readonly metrics: Metrics;
  readonly log: PlainLog;
  /** What the loop of this name tells of itself goes there. */
  readonly progress: (loop: string) => Progress;
  readonly inbox: InboxSettings;
  /** Counts what has begun; call the result when it has ended. */
  readonly begin: (work: string) => () => void;
  /** Absent for a service that listens to nobody. */
  readonly subscriptions: Subscriptions | undefined;
}

/** Fine where an idle relay should be, coarse where a broker was away. */
const LATENCY_BUCKETS_S = [
  0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600,
];

const ARCHIVE_CLEANING_MS = 60_000;
const INBOX_CLEANING_MS = 10 * 60_000;
/** A member whose heartbeats are not answered for so long (the session time-out) is none any more, whatever it thinks. */
const SESSION_MS = 10_000;

/** The two ends of Kafka in one service: its outbox goes out, the others' events come in; each only if it has the role. */
export class Messaging {
  private readonly producer: EventProducer;
  private readonly relay: OutboxRelay | undefined;
  private readonly archiveCleaner: PeriodicWorker | undefined;
  private readonly consumer: EventConsumer | undefined;
  /** What goes on beside the consumer: retries of what is parked, the cleaning of the inbox, replays that operators ask for. */
  private readonly workers: readonly BackgroundWorker[];

  constructor(private readonly options: MessagingOptions) {
    const { settings, kafka, subscriptions } = options;
    this.producer = kafka.producer();
    this.relay = settings.roles.includes('relay') ? this.createRelay() : undefined;
    this.archiveCleaner = settings.roles.includes('relay') ? this.createArchiveCleaner() : undefined;
    if (settings.roles.includes('consumer') && subscriptions !== undefined) {
      const { consumer, workers } = this.createConsumer(subscriptions);
      this.consumer = consumer;
      this.workers = workers;
    } else {
      this.workers = [];
    }
  }

  get usesKafka(): boolean {
    return this.relay !== undefined || this.consumer !== undefined;
  }

  get consumes(): boolean {
    return this.consumer !== undefined;
  }

  /** Rejects while the consumer is no member of its group, or has reason to doubt it. */
  async checkMembership(): Promise<void> {
    const { joined, lastHeartbeatMsAgo = Infinity } = this.consumer?.status() ?? {};
    if (joined !== true || lastHeartbeatMsAgo > SESSION_MS) {
      const since = lastHeartbeatMsAgo === Infinity ? 'never' : `${Math.round(lastHeartbeatMsAgo)} ms ago`;
      throw new Error(`the consumer is no member of its group; its heartbeat was last answered: ${since}`);
    }
  }

  /** Call it when the database is there: without it neither has anything to do. */
  start(): void {
    this.relay?.start();
    this.consumer?.start();
    for (const worker of [...(this.archiveCleaner === undefined ? [] : [this.archiveCleaner]), ...this.workers]) {
      worker.start(this.options.progress(worker.name));
    }
  }

  async stopConsumer(): Promise<void> {
    await Promise.all([this.consumer?.stop(), ...this.workers.map((worker) => worker.stop())]);
  }

  async stopRelay(): Promise<void> {
    await Promise.all([this.relay?.stop(), this.archiveCleaner?.stop()]);
  }

  async disconnect(): Promise<void> {
    await this.producer.disconnect();
    await this.options.kafka.close();
  }

  private createRelay(): OutboxRelay {
    const { service, settings, signal, metrics, log, progress } = this.options;
    const published = metrics.counter('waybill_outbox_published_total', 'Events that Kafka has acknowledged.');
    const latency = metrics.histogram(
      'waybill_outbox_latency_seconds',
      'From the insert of an event into the outbox, a moment before its commit, to the acknowledgement by Kafka.',
      LATENCY_BUCKETS_S,
    );
    const relay = new OutboxRelay({
      source: publishers[service].source,
      owner: `${service}-${settings.instance}@${hostname()}:${process.pid}`,
      connect: () => this.connect(),
      publish: (records) => this.producer.publish(records),
      signal,
      log,
      progress: progress('relay'),
      archive: settings.outboxArchiveDays > 0,
      pace: { spacingMs: settings.outboxSpacingMs },
      onPublished: (rows) => {
        published.inc(rows.length);
        const now = performance.timeOrigin + performance.now();
        for (const { occurred_at } of rows) {
          latency.observe(Math.max(0, now - Date.parse(occurred_at)) / 1_000);
        }
      },
    });
    metrics.gauge('waybill_outbox_shards', 'Shards of the outbox that this process relays, of 64.', () => relay.status().shards);
    metrics.gauge('waybill_outbox_relays', 'Relays of this service that live, as this one sees it.', () => relay.status().members);
    metrics.gauge(
      'waybill_outbox_held_events',
      'Events of the whole outbox that are set aside because they cannot be sent; counted up to 1,000.',
      () => relay.status().heldRows,
    );
    metrics.gauge(
      'waybill_outbox_relay_idle_seconds',
      'Time since the relay last came round; a few seconds at most while all is well.',
      () => relay.status().lastTurnMsAgo / 1_000,
    );
    return relay;
  }

  private createArchiveCleaner(): PeriodicWorker {
    const { settings, log } = this.options;
    const cleaner = new OutboxArchiveCleaner({ days: settings.outboxArchiveDays, connect: () => this.connect() });
    return new PeriodicWorker({
      name: 'outbox archive cleaner',
      intervalMs: ARCHIVE_CLEANING_MS,
      round: (stopping, moved) => cleaner.clean(stopping, moved),
      onError: (err) => log.warn('the outbox archive could not be cleaned; trying again later', { err }),
    });
  }

  private createConsumer(subscriptions: Subscriptions): {
    readonly consumer: EventConsumer;
    readonly workers: readonly BackgroundWorker[];
  } {
    const { service, dataSource, kafka, outbox, metrics, inbox, begin, log } = this.options;
    const records = metrics.counter('waybill_consumer_records_total', 'Records read, by what became of them.', ['outcome', 'type']);
    const group = `waybill-${service}`;
    const progress = this.options.progress('consumer');
    const moved = ({ topic, partition }: InboxRecord) => progress.moved(`${topic}/${partition}`);
    const handling = {
      consumer: service,
      transaction: <T>(run: (manager: EntityManager) => Promise<T>) => transaction(dataSource, run),
      subscription: new EventRouter(subscriptions),
      sendDeadLetter: deadLettersOf(service, outbox),
      schedule: inbox.schedule,
      around: <T>(record: InboxRecord, run: () => Promise<T>) => inProcessSpan(record, group, run),
      log,
    };
    const handler = new IdempotentConsumer({
      ...handling,
      // Each effect counts: a chunk may take long, if only it gets on.
      around: async <T>(record: InboxRecord, run: () => Promise<T>) => {
        const result = await handling.around(record, run);
        moved(record);
        return result;
      },
      moved,
      counted: (outcome, type) => records.inc({ outcome, type }),
    });
    const retries = new RetryWorker(handling);
    const consumer = kafka.consumer({
      group,
      topics: consumers[service].map((publisher) => publishers[publisher].topic),
      handle: async (chunk) => {
        const ended = begin(`events of ${chunk[0]?.topic}/${chunk[0]?.partition}`);
        await handler.handle(chunk).finally(ended);
      },
      progress,
      sessionTimeoutMs: SESSION_MS,
    });
    const replays = new ReplayWatcher({
      ...handling,
      retentionMs: inbox.retentionMs,
      assignment: () => consumer.status().assignment,
      seek: (positions) => consumer.seek(positions),
      lagOf: (topic) => kafka.lagOf(group, topic),
      offsetsFor: (topic, timeMs) => kafka.offsetsFor(topic, timeMs),
    });
    metrics.gauge('waybill_consumer_joined', '1 while this process is a member of its consumer group.', () =>
      Number(consumer.status().joined),
    );
    metrics.gauge(
      'waybill_consumer_held_partitions',
      'Partitions that wait because the database is away.',
      () => consumer.status().held.length,
    );
    // A scrape asks for all three at the same time: they share one answer.
    let counting: Promise<ParkedCounts> | undefined;
    const parked = () =>
      (counting ??= countParked(dataSource.manager, service).finally(() => {
        counting = undefined;
      }));
    metrics.gauge(
      'waybill_parked_keys',
      'Keys that are closed because an event of theirs failed; counted up to 1,000.',
      async () => (await parked()).closedKeys,
    );
    metrics.gauge(
      'waybill_parked_events',
      'Events that wait because an event of their key failed; counted up to 1,000.',
      async () => (await parked()).waitingEvents,
    );
    metrics.gauge(
      'waybill_dead_events',
      'Events that wait for an operator; counted up to 1,000.',
      async () => (await parked()).deadEvents,
    );
    return { consumer, workers: [retries, this.createInboxCleaner(handling), replays] };
  }

  private createInboxCleaner(handling: Pick<InboxCleanerOptions, 'consumer' | 'transaction'>): PeriodicWorker {
    const { inbox, log } = this.options;
    const cleaner = new InboxCleaner({ ...handling, retentionMs: inbox.retentionMs, auditRetentionMs: inbox.auditRetentionMs });
    return new PeriodicWorker({
      name: 'inbox cleaner',
      intervalMs: INBOX_CLEANING_MS,
      round: async (stopping, moved) => {
        const removed = await cleaner.clean(new Date(), stopping, moved);
        log.info('what the inbox need not know any more was removed', { removed });
      },
      onError: (err) => log.warn('the inbox could not be cleaned; trying again later', { err }),
    });
  }

  private async connect(): Promise<pg.Client> {
    const client = createConnection(this.options.connection);
    await client.connect();
    return client;
  }
}
