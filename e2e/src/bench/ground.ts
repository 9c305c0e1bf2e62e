import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declaredTopics } from '@waybill/contracts';
import { inboxTables, parkingTables } from '@waybill/inbox';
import { startTestInfrastructure, type TestInfrastructure } from '@waybill/local';
import { outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { TOPIC } from './event-stock.js';
import { effectTables } from './inbox/effect.js';

/**
 * A Kafka and a Postgres of the benchmark's own: commits wait for the disk, topics are declared as in production.
 *
 * Logical decoding is on for the peers that read the log; it costs all alike.
 */
export class Ground {
  private constructor(
    private readonly infrastructure: TestInfrastructure,
    private readonly admin: Admin,
    /** For files of what is measured; gone after the stop. */
    readonly folder: string,
  ) {}

  static async start(say: (line: string) => void): Promise<Ground> {
    const infrastructure = await startTestInfrastructure(say, {
      durable: true,
      postgresSettings: { wal_level: 'logical', max_wal_size: '4GB' },
    });
    try {
      const { brokers } = infrastructure.kafka;
      const admin = new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const ground = new Ground(infrastructure, admin, await mkdtemp(join(tmpdir(), 'waybill-bench-')));
      for (const { topic, partitions } of declaredTopics()) {
        await ground.createTopic(topic, partitions);
      }
      return ground;
    } catch (error) {
      await infrastructure.stop();
      throw error;
    }
  }

  get brokers(): string {
    return this.infrastructure.kafka.brokers;
  }

  get postgresUrl(): string {
    return this.infrastructure.postgres.adminUrl;
  }

  /** For the CPU that they use; absent where they run in containers. */
  get pids(): { readonly postgres: number | undefined; readonly kafka: number | undefined } {
    return { postgres: this.infrastructure.postgres.pid, kafka: this.infrastructure.kafka.pid };
  }

  /** An empty database with outbox, inbox and the table of effects. */
  database(): Promise<TestDatabase> {
    const tables = [outboxTables, outboxArchiveTables, inboxTables, parkingTables, effectTables];
    return createTestDatabase(this.postgresUrl, tables.flat());
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    await this.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] });
  }

  /** Forgets the records of a topic, so that rounds do not fill the disk. */
  async emptyTopic(topic = TOPIC): Promise<void> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    const partitions = offsets.filter(({ low, high }) => low !== high).map(({ partition }) => ({ partition, offset: '-1' }));
    if (partitions.length > 0) {
      await this.admin.deleteTopicRecords({ topic, partitions });
    }
  }

  async stop(): Promise<void> {
    await this.admin.disconnect().catch(() => undefined);
    await this.infrastructure.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
