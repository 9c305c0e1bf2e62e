import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, publishers, type Service, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { customerId, shipTo } from '../../customer.js';
import { writeRecords } from '../../kafka-record.js';
import type { Platform } from '../../platform.js';
import type { PlatformWatch } from '../platform-watch.js';
import type { ClientRequest } from '../record.js';
import { weakSku, weakSpots } from './weak-spots.js';

/** Below the time-out that the services have here. */
const SLOW_MS = 700;
/** What the carrier does, one after another; orders wait while it fails, and so can be cancelled late. */
const CARRIER_MOODS = [
  { mode: 'ok', delayMs: 0, forMs: 2_500 },
  { mode: 'ok', delayMs: SLOW_MS, forMs: 2_000 },
  { mode: 'refuse', delayMs: 0, forMs: 600 },
  { mode: 'fail', delayMs: 0, forMs: 1_800 },
] as const;
const PAUSE_MS = 150;
const LATER_MS = 250;
const PLENTY = 1_000_000;
const GOOD_SKU = 'GOOD-1';
const NO_SKU = 'NONE-1';
/** How far back a replay goes. */
const REPLAYED_RECORDS = 5;
const ANSWER_TIMEOUT_MS = 6_000;
const PATIENCE_MS = 60_000;
/** Of what is written to a topic and is no event. */
export const RUBBISH_KEY = 'rubbish';

const scenarios = ['good', 'no-stock', 'good', 'cancelled', 'good', 'late', 'good', 'cancelled-later'] as const;

export interface PlacedOrder {
  readonly id: string;
  readonly scenario: string;
  readonly atMs: number;
}

/** Orders of every kind, and everything else that makes the platform go through its code, until told to stop. */
export class Traffic {
  readonly placed: PlacedOrder[] = [];
  readonly requests: ClientRequest[] = [];
  private readonly stopping = new AbortController();
  private readonly inHand = new Set<Promise<unknown>>();
  private running: readonly Promise<void>[] = [];
  private wishes = 0;
  private turn = 0;
  private isSlow = false;

  constructor(
    private readonly platform: Platform,
    private readonly watch: PlatformWatch,
    private readonly now: () => number,
  ) {}

  /** What is in stock before the first order. */
  static readonly initialStock: Readonly<Record<string, number>> = Object.fromEntries([
    [GOOD_SKU, PLENTY],
    [NO_SKU, 0],
    ...services.flatMap((service) => weakSpots.map((spot) => [weakSku(spot, service), PLENTY] as const)),
  ]);

  start(): void {
    this.running = [this.orders(), this.moods()];
  }

  /** Resolves when every customer has his answer. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
    await Promise.all(this.inHand);
    await this.platform.customer.carrier({ mode: 'ok' });
  }

  /** What is rare, once: events that fail at this service, in each way; what is no event; a topic to be read again. */
  nudge(service: Service): void {
    for (const spot of ['FLAKY', 'FLAKY', 'BROKEN', 'POISON'] as const) {
      this.take(this.order(spot === 'POISON' ? 'late' : spot.toLowerCase(), weakSku(spot, service)));
    }
    if (service === 'orders') {
      // Nobody reserves anything for them: they are there when the timer looks.
      this.take(this.order('late', weakSku('POISON', 'inventory')));
      this.take(this.order('late', weakSku('POISON', 'inventory')));
    }
    if (service === 'shipping') {
      this.take(this.order('recalled', GOOD_SKU));
      this.take(this.order('recalled', GOOD_SKU));
    }
    this.take(this.rubbish(service));
    this.take(this.replay(service));
  }

  private async orders(): Promise<void> {
    for (let turn = 0; !this.stopping.signal.aborted; turn++) {
      const scenario = scenarios[turn % scenarios.length] ?? 'good';
      this.take(this.order(scenario, scenario === 'no-stock' ? NO_SKU : GOOD_SKU));
      await this.rest(PAUSE_MS);
    }
  }

  private async moods(): Promise<void> {
    for (let turn = 0; !this.stopping.signal.aborted; turn++) {
      const { forMs, ...mood } = CARRIER_MOODS[turn % CARRIER_MOODS.length] ?? CARRIER_MOODS[0];
      await this.platform.customer.carrier(mood).catch(() => undefined);
      this.isSlow = mood.delayMs > 0;
      await this.rest(forMs);
    }
  }

  private async order(scenario: string, sku: string): Promise<void> {
    const wish = this.wishes++;
    if (scenario === 'recalled') {
      await until(() => this.isSlow || this.stopping.signal.aborted);
    }
    const id = await this.insist({ kind: 'place', wish, scenario, key: randomUUID(), orderId: null }, sku);
    if (id === null) {
      return;
    }
    this.placed.push({ id, scenario, atMs: this.now() });
    switch (scenario) {
      case 'late':
        await this.expire(id);
        break;
      case 'recalled':
        await this.isAtTheCarrier(id);
        await this.insist({ kind: 'cancel', wish, scenario, key: null, orderId: id }, sku);
        break;
      case 'cancelled-later':
        await sleep(LATER_MS);
        await this.insist({ kind: 'cancel', wish, scenario, key: null, orderId: id }, sku);
        break;
      case 'cancelled':
        await this.insist({ kind: 'cancel', wish, scenario, key: null, orderId: id }, sku);
    }
  }

  /** Its deadline passes at once: the timer cancels it, if it is not shipped before. */
  private async expire(id: string): Promise<void> {
    await this.watch.query(
      'orders',
      `UPDATE orders SET deadline_at = now() - interval '1 second' WHERE id = $1 AND status IN ('PLACED', 'CONFIRMED')`,
      [id],
    );
  }

  /** While the carrier makes its label: a cancellation that comes now has it deleted. */
  private async isAtTheCarrier(id: string): Promise<void> {
    const leased = 'SELECT 1 FROM shipments WHERE order_id = $1 AND lease_token IS NOT NULL';
    await until(async () => (await this.watch.query('shipping', leased, [id])).length > 0, { timeoutMs: PATIENCE_MS });
  }

  /** Asks until it is answered, one instance after another; answers the order's id, or null where it was refused. */
  private async insist(wish: Wish, sku: string): Promise<string | null> {
    const end = this.now() + PATIENCE_MS;
    for (;;) {
      const { request, again } = await this.ask(wish, sku);
      this.requests.push(request);
      if (!again) {
        return request.orderId;
      }
      if (this.now() > end) {
        return null;
      }
      await sleep(LATER_MS);
    }
  }

  private async ask(wish: Wish, sku: string): Promise<{ readonly request: ClientRequest; readonly again: boolean }> {
    const { kind, orderId, key } = wish;
    const urls = this.platform.urlsOf('orders');
    const at = this.turn++ % urls.length;
    const startMs = this.now();
    const common = { ...wish, instance: `orders-${at + 1}`, startMs };
    try {
      const response = await fetch(`${urls[at]}/orders${kind === 'cancel' ? `/${orderId}/cancel` : ''}`, {
        method: 'POST',
        headers: { ...(key !== null && { 'content-type': 'application/json', 'idempotency-key': key }) },
        ...(kind === 'place' && { body: JSON.stringify({ customerId, lines: [{ sku, quantity: 1 }], shipTo }) }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const text = await response.text();
      const { status } = response;
      const ok = status < 400;
      const request = {
        ...common,
        endMs: this.now(),
        result: ok ? 'ok' : status < 500 ? 'fail' : 'unknown',
        status,
        orderId: orderId ?? (ok ? (JSON.parse(text) as { readonly id: string }).id : null),
        answerHash: ok && kind === 'place' ? createHash('sha256').update(text).digest('base64url').slice(0, 16) : null,
        error: ok ? null : text.slice(0, 200),
      } as const;
      return { request, again: status >= 500 || status === 429 || (status === 409 && response.headers.has('retry-after')) };
    } catch (error) {
      const request = { ...common, endMs: this.now(), result: 'unknown', status: null, answerHash: null, error: String(error) } as const;
      return { request, again: true };
    }
  }

  private async rubbish(service: Service): Promise<void> {
    for (const publisher of consumers[service]) {
      const key = `${RUBBISH_KEY}-${randomUUID()}`;
      await writeRecords(this.platform.brokers, publishers[publisher].topic, [{ key, value: 'no event' }]);
    }
  }

  private async replay(service: Service): Promise<void> {
    for (const publisher of consumers[service]) {
      await this.watch.query(
        service,
        `INSERT INTO replay_requests (consumer, topic, from_offset, requested_by, positions)
         SELECT $1, $2, 'the last few', 'prover', json_object_agg(partition, first)
           FROM (SELECT partition::text, greatest(max("offset") - $3, 0)::text AS first FROM inbox
                  WHERE consumer = $1 AND topic = $2 GROUP BY 1) AS known
         HAVING count(*) > 0`,
        [service, publishers[publisher].topic, REPLAYED_RECORDS],
      );
    }
  }

  /** What fails here fails because something is killed at this moment: what was accepted is in `placed`. */
  private take(work: Promise<unknown>): void {
    const done = work.catch(() => undefined).finally(() => this.inHand.delete(done));
    this.inHand.add(done);
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

type Wish = Pick<ClientRequest, 'kind' | 'wish' | 'scenario' | 'key' | 'orderId'>;
