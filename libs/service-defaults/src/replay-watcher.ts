import type { Progress } from '@waybill/health';
import {
  forgottenPartitions,
  markReplayed,
  openReplays,
  refuseReplay,
  type ReplayRequest,
  type RunTransaction,
} from '@waybill/inbox';
import type { PartitionLag, PartitionPosition, TopicPartition } from '@waybill/kafka';
import { PeriodicWorker } from './periodic-worker.js';
import type { PlainLog } from './service-logger.js';

export interface ReplayWatcherOptions {
  /** The consumer's name, as in the inbox. */
  readonly consumer: string;
  readonly transaction: RunTransaction;
  /** What this instance reads now. */
  readonly assignment: () => readonly TopicPartition[];
  /** Goes on from there; answers which partitions it did move. */
  readonly seek: (positions: readonly PartitionPosition[]) => Promise<readonly TopicPartition[]>;
  /** How far the consumer is in each partition of the topic. */
  readonly lagOf: (topic: string) => Promise<readonly PartitionLag[]>;
  /** Partition -> offset of the first record that is not older than this moment. */
  readonly offsetsFor: (topic: string, timeMs: number) => Promise<ReadonlyMap<number, string>>;
  /** How long the inbox remembers. */
  readonly retentionMs: number;
  readonly log: PlainLog;
  /** How often it asks for requests; 2 s. */
  readonly pollIntervalMs?: number;
}

const POLL_INTERVAL_MS = 2_000;
/** A replay takes time, too: what is remembered when it begins must be so until it is through. */
const MARGIN_MS = 24 * 60 * 60 * 1_000;

/**
 * Does what an operator asks for with `waybill replay`: reads a topic again from earlier offsets, while the service runs.
 *
 * Each instance moves the partitions that it owns and writes them down; a request is finished when all were moved. The
 * new offset is committed with the move, so that neither a crash nor a rebalance forgets it; a crash before it is
 * written down moves the partition once more. What was handled before is dropped by the inbox, and so a request that
 * reaches back further than the inbox remembers is refused: its events would take effect twice.
 *
 * A partition is only ever moved back. Where an earlier request has taken the consumer behind what this one asks for,
 * its events come anyway, and a move ahead would skip what the earlier one is about.
 */
export class ReplayWatcher {
  readonly name = 'replays';
  private readonly rounds: PeriodicWorker;

  constructor(private readonly options: ReplayWatcherOptions) {
    const { pollIntervalMs = POLL_INTERVAL_MS, log } = options;
    this.rounds = new PeriodicWorker({
      name: this.name,
      intervalMs: pollIntervalMs,
      round: () => this.turn(),
      onError: (err) => log.warn('requests for replays cannot be looked for now; trying again', { err }),
    });
  }

  start(progress?: Progress): void {
    this.rounds.start(progress);
  }

  async stop(): Promise<void> {
    await this.rounds.stop();
  }

  /** Looks once for requests that this instance has a part in. */
  async turn(nowMs: number = Date.now()): Promise<void> {
    const { consumer, transaction } = this.options;
    for (const request of await transaction((manager) => openReplays(manager, consumer))) {
      await this.take(request, nowMs);
    }
  }

  private async take(request: ReplayRequest, nowMs: number): Promise<void> {
    const { transaction, assignment, seek, lagOf, offsetsFor, retentionMs, log } = this.options;
    const { id, topic, positions, done } = request;
    const mine = assignment()
      .filter((place) => place.topic === topic)
      .flatMap(({ partition }) => {
        const offset = positions[String(partition)];
        return offset === undefined || done[String(partition)] !== undefined ? [] : [{ topic, partition, offset }];
      });
    if (mine.length === 0) {
      return;
    }
    const remembered = await offsetsFor(topic, nowMs - retentionMs + MARGIN_MS);
    const forgotten = forgottenPartitions(positions, remembered);
    if (forgotten.length > 0) {
      const why = `It reaches back further than the inbox remembers (INBOX_RETENTION_DAYS, less a day), in partition ${forgotten.join(', ')}: its events would take effect twice.`;
      await transaction((manager) => refuseReplay(manager, id, why));
      log.error('a replay was refused', { id, topic, requestedBy: request.requestedBy, why });
      return;
    }
    const committed = new Map((await lagOf(topic)).map((lag) => [lag.partition, lag.committed]));
    const back = mine.filter(({ partition, offset }) => BigInt(offset) < BigInt(committed.get(partition) ?? 0));
    const ahead = mine.filter((position) => !back.includes(position)).map(({ partition }) => partition);
    const moved = (await seek(back)).map(({ partition }) => partition);
    if (ahead.length + moved.length > 0) {
      await transaction((manager) => markReplayed(manager, id, [...ahead, ...moved]));
    }
    if (moved.length > 0) {
      log.warn('a topic is read again, because an operator asked for it', {
        id,
        topic,
        partitions: mine.filter(({ partition }) => moved.includes(partition)),
        requestedBy: request.requestedBy,
      });
    }
  }
}
