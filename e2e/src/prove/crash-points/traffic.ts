import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, publishers, type Service, services } from '@waybill/contracts';
import { writeRecords } from '../../kafka-record.js';
import type { Platform } from '../../platform.js';
import { weakSku, type WeakSpot } from './weak-spots.js';

/** What the carrier does, one after another; orders wait while it fails, and so can be cancelled late. */
const CARRIER_MOODS = [
  { mode: 'ok', delayMs: 0, forMs: 2_500 },
  { mode: 'ok', delayMs: 400, forMs: 1_200 },
  { mode: 'refuse', delayMs: 0, forMs: 600 },
  { mode: 'fail', delayMs: 0, forMs: 1_800 },
] as const;
const PAUSE_MS = 120;
const STOCK = 1_000_000;
const GOOD_SKU = 'GOOD-1';
const NO_SKU = 'NONE-1';
/** How far back a replay goes. */
const REPLAYED_RECORDS = 5;

export interface PlacedOrder {
  readonly id: string;
  readonly scenario: string;
  readonly atMs: number;
}

/** Orders of every kind, and everything else that makes the platform go through its code, until told to stop. */
export class Traffic {
  readonly placed: PlacedOrder[] = [];
  private readonly stopping = new AbortController();
  private readonly inHand = new Set<Promise<unknown>>();
  private running: readonly Promise<void>[] = [];
  private turn = 0;

  constructor(
    private readonly platform: Platform,
    private readonly now: () => number,
  ) {}

  async start(): Promise<void> {
    const { customer } = this.platform;
    const weak = services.flatMap((service) => (['FLAKY', 'BROKEN', 'POISON'] as const).map((spot) => weakSku(spot, service)));
    for (const sku of [GOOD_SKU, ...weak]) {
      await customer.setStock(sku, STOCK);
    }
    await customer.setStock(NO_SKU, 0);
    this.running = [this.orders(), this.moods()];
  }

  /** Resolves when every order that was begun has been accepted. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
    await Promise.all(this.inHand);
    await this.platform.customer.carrier({ mode: 'ok' });
  }

  /** What is rare, once: events that fail at this service, in each way; what is no event; a topic to be read again. */
  nudge(service: Service): void {
    for (const spot of ['FLAKY', 'FLAKY', 'BROKEN', 'POISON'] as const) {
      this.weakOrder(spot, service);
    }
    this.take(this.garbage(service));
    this.take(this.replay(service));
  }

  private async orders(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      switch (this.turn % 8) {
        case 1:
          this.take(this.place('no stock', NO_SKU));
          break;
        case 3:
          this.take(this.place('cancelled', GOOD_SKU).then((id) => this.platform.customer.cancel(id)));
          break;
        case 5:
          this.take(this.late(GOOD_SKU));
          break;
        case 7:
          this.take(this.place('cancelled later', GOOD_SKU).then(async (id) => {
            await sleep(250);
            return this.platform.customer.cancel(id);
          }));
          break;
        default:
          this.take(this.place('good', GOOD_SKU));
      }
      await this.rest(PAUSE_MS);
    }
  }

  private async moods(): Promise<void> {
    for (let turn = 0; !this.stopping.signal.aborted; turn++) {
      const { forMs, ...mood } = CARRIER_MOODS[turn % CARRIER_MOODS.length] ?? CARRIER_MOODS[0];
      await this.platform.customer.carrier(mood).catch(() => undefined);
      await this.rest(forMs);
    }
  }

  private weakOrder(spot: WeakSpot, service: Service): void {
    const sku = weakSku(spot, service);
    this.take(spot === 'POISON' ? this.late(sku) : this.place(`${spot.toLowerCase()} at ${service}`, sku));
  }

  /** An order whose deadline passes at once: cancelled by the timer, if it is not shipped before. */
  private async late(sku: string): Promise<void> {
    const id = await this.place('late', sku);
    await this.platform.query(
      'orders',
      `UPDATE orders SET deadline_at = now() - interval '1 second' WHERE id = $1 AND status IN ('PLACED', 'CONFIRMED')`,
      [id],
    );
  }

  private async place(scenario: string, sku: string): Promise<string> {
    const urls = this.platform.urlsOf('orders');
    const url = urls[this.turn++ % urls.length];
    const { id } = await this.platform.customer.placedInTheEnd([{ sku, quantity: 1 }], randomUUID(), url);
    this.placed.push({ id, scenario, atMs: this.now() });
    return id;
  }

  private async garbage(service: Service): Promise<void> {
    for (const publisher of consumers[service]) {
      await writeRecords(this.platform.brokers, publishers[publisher].topic, [{ key: randomUUID(), value: 'no event' }]);
    }
  }

  private async replay(service: Service): Promise<void> {
    const [publisher] = consumers[service];
    await this.platform.query(
      service,
      `INSERT INTO replay_requests (consumer, topic, from_offset, requested_by, positions)
       SELECT $1, $2, 'the last few', 'prover', json_object_agg(partition, last)
         FROM (SELECT partition::text, greatest(max("offset") - $3, 0)::text AS last FROM inbox WHERE consumer = $1 AND topic = $2 GROUP BY 1) AS known
       HAVING count(*) > 0`,
      [service, publishers[publisher ?? service].topic, REPLAYED_RECORDS],
    );
  }

  /** Whatever fails here fails because something is killed at this moment: what was accepted is in `placed`. */
  private take(work: Promise<unknown>): void {
    const done = work.catch(() => undefined).finally(() => this.inHand.delete(done));
    this.inHand.add(done);
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
