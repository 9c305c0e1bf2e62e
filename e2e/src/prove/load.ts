import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { customerId, shipTo } from '../customer.js';
import type { ClientRequest, RequestResult } from './record.js';
import type { Wish } from './wishes.js';

export interface LoadOptions {
  readonly wishes: readonly Wish[];
  /** Names and addresses of the instances that take orders: `orders-1`. */
  readonly instances: readonly { readonly name: string; readonly url: string }[];
  /** The wishes are spread over it, whatever the platform does meanwhile. */
  readonly durationMs: number;
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** What tells the keys of this run from those of all others. */
  readonly run: string;
}

/** A customer that is not answered asks again for as long, with the same key. */
const PATIENCE_MS = 90_000;
const ANSWER_TIMEOUT_MS = 6_000;
const PAUSE_MS = { first: 100, most: 4_000 };
/**
 * Requests at once. Who finds the door full waits before he asks: while a service is away, hundreds that try again and
 * again would be a load that no service is meant to carry, and would slow the prover itself, through whose proxies all goes.
 */
const AT_ONCE_MAX = 40;
const ENDED = 'load stopped';

/**
 * The customers: each wish is asked for until it is answered, then perhaps cancelled; every attempt is kept.
 *
 * An attempt is `ok` when it was accepted, `fail` when it was refused for what it is, and `unknown` when nobody can tell:
 * no answer, or a 5xx. What was refused only for the moment (409 with Retry-After, 429) is asked again.
 */
export class OrderLoad {
  readonly requests: ClientRequest[] = [];
  /** Wishes that were answered with an order. */
  accepted = 0;
  unknown = 0;
  private turn = 0;
  private readonly stopping = new AbortController();
  private readonly durations: number[] = [];
  private inHand = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly options: LoadOptions) {
    // Each customer that waits listens for the end.
    setMaxListeners(0, this.stopping.signal);
  }

  /** Resolves when every customer has his answer or has given up. */
  async run(): Promise<void> {
    const { wishes, durationMs, now } = this.options;
    const startedAt = now();
    const customers: Promise<void>[] = [];
    for (const wish of wishes) {
      const due = startedAt + (durationMs * wish.number) / wishes.length;
      if (due > now()) {
        await this.pause(due - now());
      }
      if (this.stopping.signal.aborted) {
        break;
      }
      customers.push(this.serve(wish));
    }
    await Promise.all(customers);
  }

  stop(): void {
    this.stopping.abort(new Error(ENDED));
  }

  /** Milliseconds that the requests took which have ended since this was asked last. */
  takeDurations(): number[] {
    return this.durations.splice(0);
  }

  private async serve(wish: Wish): Promise<void> {
    const key = `${this.options.run}-${wish.number}`;
    const place = () => this.untilAnswered(wish, 'place', (attempt) => this.place(wish, key, attempt));
    const answers = await Promise.all(wish.scenario === 'twin' ? [place(), place()] : [place()]);
    const orderId = answers.find((answer) => answer !== null) ?? null;
    if (orderId === null) {
      return;
    }
    this.accepted++;
    if (wish.cancelAfterMs !== null) {
      await this.pause(wish.cancelAfterMs);
      await this.untilAnswered(wish, 'cancel', (attempt) => this.cancel(wish, orderId, attempt));
    }
  }

  private async untilAnswered(
    wish: Wish,
    kind: ClientRequest['kind'],
    ask: (instance: number) => Promise<ClientRequest & { readonly again: boolean }>,
  ): Promise<string | null> {
    const end = this.options.now() + PATIENCE_MS;
    const first = this.turn++;
    for (let attempt = 0; !this.stopping.signal.aborted && this.options.now() < end; attempt++) {
      await this.enter();
      if (this.stopping.signal.aborted) {
        this.leave();
        break;
      }
      const { again, ...request } = await ask(first + attempt).finally(() => this.leave());
      this.requests.push(request);
      this.durations.push(request.endMs - request.startMs);
      if (request.result === 'unknown') {
        this.unknown++;
      } else if (!again) {
        return request.orderId;
      }
      await this.pause(Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** attempt));
    }
    return null;
  }

  private async enter(): Promise<void> {
    if (this.inHand >= AT_ONCE_MAX) {
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    this.inHand++;
  }

  private leave(): void {
    this.inHand--;
    this.queue.shift()?.();
  }

  private place(wish: Wish, key: string, turn: number) {
    return this.ask({ wish, kind: 'place', key, turn, path: '/orders', body: { customerId, lines: wish.lines, shipTo }, orderId: null });
  }

  private cancel(wish: Wish, orderId: string, turn: number) {
    return this.ask({ wish, kind: 'cancel', key: null, turn, path: `/orders/${orderId}/cancel`, body: undefined, orderId });
  }

  private async ask(question: Question): Promise<ClientRequest & { readonly again: boolean }> {
    const { wish, kind, key, turn, path, body } = question;
    const { instances, now } = this.options;
    const instance = instances[turn % instances.length];
    const startMs = now();
    const common = { kind, wish: wish.number, scenario: wish.scenario, key, instance: instance?.name ?? '', startMs };
    try {
      const response = await fetch(`${instance?.url}${path}`, {
        method: 'POST',
        headers: { ...(body && { 'content-type': 'application/json' }), ...(key !== null && { 'idempotency-key': key }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const text = await response.text();
      const { status } = response;
      const result: RequestResult = status < 400 ? 'ok' : status < 500 ? 'fail' : 'unknown';
      return {
        ...common,
        endMs: now(),
        result,
        status,
        orderId: question.orderId ?? (result === 'ok' ? idIn(text) : null),
        answerHash: result === 'ok' && kind === 'place' ? createHash('sha256').update(text).digest('base64url').slice(0, 16) : null,
        error: result === 'ok' ? null : text.slice(0, 200),
        again: status === 429 || (status === 409 && response.headers.has('retry-after')),
      };
    } catch (error) {
      const { message, cause } = error as { readonly message: string; readonly cause?: { readonly code?: string } };
      const reason = cause?.code ?? message;
      return { ...common, endMs: now(), result: 'unknown', status: null, orderId: question.orderId, answerHash: null, error: reason, again: true };
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

interface Question {
  readonly wish: Wish;
  readonly kind: ClientRequest['kind'];
  readonly key: string | null;
  readonly turn: number;
  readonly path: string;
  readonly body: object | undefined;
  readonly orderId: string | null;
}

function idIn(text: string): string | null {
  const { id } = JSON.parse(text) as { readonly id?: unknown };
  return typeof id === 'string' ? id : null;
}
