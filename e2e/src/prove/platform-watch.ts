import { consumers, publishers, type Service, services } from '@waybill/contracts';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { inDatabase } from './ledger.js';
import type { GroupOffset } from './record.js';

/** What still moves, or waits for somebody, at one moment. */
export interface Standing {
  readonly outboxRows: number;
  readonly parkedWaiting: number;
  readonly openOrders: number;
  readonly openShipments: number;
  readonly lag: number;
}

const ASK_TIMEOUT_MS = 5_000;
const FINAL = `('SHIPPED', 'REJECTED', 'CANCELLED')`;

/**
 * The prover's own eyes: connections past every proxy, which it makes anew when a server was away.
 *
 * @throws what a database or the broker says that does not answer
 */
export class PlatformWatch {
  private readonly pools = new Map<Service, pg.Pool>();
  private admin: ReturnType<Kafka['admin']> | undefined;

  constructor(
    private readonly adminUrl: () => string,
    private readonly brokers: () => string,
  ) {}

  async query<Row extends pg.QueryResultRow>(service: Service, text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.poolOf(service).query<Row>(text, values)).rows;
  }

  /** Statements that take their time, on a connection of their own. */
  async aside(service: Service, statements: string): Promise<void> {
    const client = new pg.Client(this.connection(service));
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query(statements);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async ended(): Promise<number> {
    const [row] = await this.query<{ n: number }>('orders', `SELECT count(*)::int AS n FROM orders WHERE status IN ${FINAL}`);
    return row?.n ?? 0;
  }

  /** Rows that a relay has still to send; those that are held, and those behind them, wait for a person. */
  async outboxRows(): Promise<number> {
    const counts = await Promise.all(
      services.map((service) =>
        this.query<{ n: number }>(
          service,
          `SELECT count(*)::int AS n FROM outbox o WHERE NOT held AND NOT EXISTS (SELECT 1 FROM outbox h
            WHERE h.held AND h.aggregatetype = o.aggregatetype AND h.aggregateid = o.aggregateid AND h.version < o.version)`,
        ),
      ),
    );
    return counts.reduce((sum, [row]) => sum + (row?.n ?? 0), 0);
  }

  async standing(): Promise<Standing> {
    const count = async (service: Service, text: string) => (await this.query<{ n: number }>(service, text))[0]?.n ?? 0;
    const waiting = `SELECT count(*)::int AS n FROM parked p WHERE state = 'waiting' AND NOT EXISTS
      (SELECT 1 FROM parked_keys k WHERE k.consumer = p.consumer AND k.topic = p.topic AND k.key = p.key AND k.state = 'dead')`;
    const [outboxRows, openOrders, openShipments, lag, ...parked] = await Promise.all([
      this.outboxRows(),
      count('orders', `SELECT count(*)::int AS n FROM orders WHERE status NOT IN ${FINAL}`),
      count('shipping', `SELECT count(*)::int AS n FROM shipments WHERE status IN ('REQUESTED', 'CANCELLING')`),
      this.lag(),
      ...services.map((service) => count(service, waiting)),
    ]);
    return { outboxRows, openOrders, openShipments, lag, parkedWaiting: parked.reduce((sum, each) => sum + each, 0) };
  }

  async lag(): Promise<number> {
    const offsets = await this.offsets();
    return offsets.reduce((sum, { committed, end }) => sum + Math.max(0, end - Math.max(0, committed)), 0);
  }

  /** Of every group, in every partition that it reads. */
  async offsets(): Promise<GroupOffset[]> {
    const admin = await this.adminOf();
    try {
      const topics = services.map((service) => publishers[service].topic);
      const ends = new Map<string, number>();
      await Promise.all(
        topics.map(async (topic) => {
          for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
            ends.set(`${topic} ${partition}`, Number(high));
          }
        }),
      );
      const groups = await Promise.all(
        services.map(async (consumer) => {
          const group = `waybill-${consumer}`;
          const read = consumers[consumer].map((publisher) => publishers[publisher].topic);
          const found = await admin.fetchOffsets({ groupId: group, topics: read });
          return found.flatMap(({ topic, partitions }) =>
            partitions.map(({ partition, offset }) => {
              const end = ends.get(`${topic} ${partition}`) ?? 0;
              return { group, topic, partition, committed: Number(offset), end };
            }),
          );
        }),
      );
      return groups.flat();
    } catch (error) {
      await this.dropAdmin();
      throw error;
    }
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.allSettled([this.dropAdmin(), ...pools.map((pool) => pool.end())]);
  }

  private poolOf(service: Service): pg.Pool {
    const known = this.pools.get(service);
    if (known !== undefined) {
      return known;
    }
    const pool = new pg.Pool({ ...this.connection(service), max: 2 });
    // A server that goes away takes idle connections with it; the next question makes new ones.
    pool.on('error', () => undefined);
    this.pools.set(service, pool);
    return pool;
  }

  private connection(service: Service): pg.ClientConfig {
    return {
      connectionString: inDatabase(this.adminUrl(), service),
      application_name: 'waybill-prove',
      connectionTimeoutMillis: ASK_TIMEOUT_MS,
      query_timeout: 60_000,
    };
  }

  private async adminOf(): Promise<ReturnType<Kafka['admin']>> {
    if (this.admin === undefined) {
      const kafka = new Kafka({
        clientId: 'waybill-prove',
        brokers: this.brokers().split(','),
        logLevel: logLevel.NOTHING,
        connectionTimeout: 1_000,
        requestTimeout: ASK_TIMEOUT_MS,
        retry: { retries: 0 },
      });
      const admin = kafka.admin();
      await admin.connect();
      this.admin = admin;
    }
    return this.admin;
  }

  private async dropAdmin(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.disconnect().catch(() => undefined);
  }
}
