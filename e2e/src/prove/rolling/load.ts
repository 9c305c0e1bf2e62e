import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientRequest } from '../record.js';
import { type Failure, failureOf, isFailure } from './failure.js';
import { FAILURE_HEADER } from './proxy.js';
import { type Ask, askOf } from './schedule.js';

export interface OpenLoopOptions {
  /** Of the proxy before orders. */
  readonly url: string;
  /** Of those before the other two; absent: orders is asked instead. */
  readonly inventoryUrl?: string;
  readonly shippingUrl?: string;
  /** Another way to orders, a balancer of connections: every second request to orders goes by it. */
  readonly connectionsUrl?: string;
  readonly perSecond: number;
  /** So many at least. */
  readonly requests?: number;
  /** And until this is aborted, where it is given. */
  readonly signal?: AbortSignal;
  /** In stock, and plenty of it: what the orders are for. */
  readonly sku: string;
  /** What tells the keys of this load from those of all others. */
  readonly run: string;
  /** Where a page of orders is asked for; absent: the newest five. */
  readonly pagePath?: string;
  /** How long a client waits for an answer; 10 s. */
  readonly answerTimeoutMs?: number;
  /** Milliseconds since the start of the run; absent: since the start of the load. */
  readonly now?: () => number;
}

export interface FailureCount {
  readonly kind: Failure;
  readonly count: number;
  /** The first of them, in words. */
  readonly example: string;
}

export interface OpenLoopResult {
  readonly sent: number;
  /** As it should be: 201 or 200, and 404 for a shipment that is not there yet. */
  readonly answered: number;
  readonly failures: readonly FailureCount[];
  /** Ids of the orders that were accepted. */
  readonly accepted: readonly string[];
  /** From the moment at which the request was due, also where the client itself was late. Slow uploads left out. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The commands among the requests, as the checker reads them. */
  readonly commands: readonly ClientRequest[];
}

/** Enough for the rate at a round trip of 100 ms, and few enough for each to be used several times a second. */
const CONNECTIONS_MAX = 64;
const ANSWER_TIMEOUT_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly text: string;
  /** What the proxy says where the instance said nothing. */
  readonly failure: string | undefined;
}

/**
 * Requests at fixed moments, whatever becomes of those before: a service that stops for a second is asked as often in that
 * second as in any other. A request that fails has failed: nothing is tried again.
 */
export async function openLoopLoad(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { perSecond, requests = 0, signal } = options;
  const origin = performance.now();
  const load = new Load(options, origin);
  const underWay: Promise<void>[] = [];
  for (let turn = 0; turn < requests || (signal !== undefined && !signal.aborted); turn++) {
    const dueMs = (turn * 1_000) / perSecond;
    const early = dueMs - (performance.now() - origin);
    if (early > 1) {
      await sleep(early);
    }
    underWay.push(load.ask(turn, dueMs));
  }
  await Promise.all(underWay);
  return load.result();
}

class Load {
  private readonly accepted: string[] = [];
  private readonly latencies: number[] = [];
  private readonly failures = new Map<Failure, { count: number; example: string }>();
  private readonly commands: ClientRequest[] = [];
  private readonly near = new Agent({ keepAlive: true, scheduling: 'fifo' });
  private readonly far = new Agent({ keepAlive: true, scheduling: 'fifo', maxSockets: CONNECTIONS_MAX });
  private sent = 0;
  private answered = 0;
  private toOrders = 0;

  constructor(
    private readonly options: OpenLoopOptions,
    private readonly origin: number,
  ) {}

  async ask(turn: number, dueMs: number): Promise<void> {
    const { now = () => performance.now() - this.origin } = this.options;
    const told = () => `${ask.method} ${ask.path} at ${Math.round(startMs)} ms, after ${Math.round(now() - startMs)} ms`;
    const ask = askOf(turn, this.accepted.at(-1 - (turn % 32)), this.options);
    const startMs = now();
    this.sent++;
    try {
      const answer = await this.send(ask);
      const failure = problemOf(ask, answer);
      if (failure === undefined) {
        this.answered++;
      } else {
        this.fail(failure, `${told()}: ${answer.status} ${answer.text.slice(0, 120)}`);
      }
      this.keep(ask, { startMs, endMs: now() }, answer, failure);
    } catch (error) {
      const failure = failureOf(error);
      this.fail(failure, `${told()}: ${String(error)}`);
      this.keep(ask, { startMs, endMs: now() }, undefined, failure);
    }
    if (ask.bodyAfterMs === 0) {
      this.latencies.push(performance.now() - this.origin - dueMs);
    }
  }

  result(): OpenLoopResult {
    this.near.destroy();
    this.far.destroy();
    const sorted = this.latencies.sort((one, other) => one - other);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      sent: this.sent,
      answered: this.answered,
      failures: [...this.failures].map(([kind, each]) => ({ kind, ...each })).sort((one, other) => other.count - one.count),
      accepted: this.accepted,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
      commands: this.commands,
    };
  }

  private fail(kind: Failure, example: string): void {
    const known = this.failures.get(kind) ?? { count: 0, example };
    this.failures.set(kind, { ...known, count: known.count + 1 });
  }

  private send(ask: Ask): Promise<Answer> {
    const { connectionsUrl, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.options;
    const isFar = connectionsUrl !== undefined && ask.to === 'orders' && this.toOrders++ % 2 === 1;
    const base = isFar ? connectionsUrl : urlOf(ask.to, this.options);
    return new Promise((resolve, reject) => {
      const outgoing = request(`${base}${ask.path}`, {
        agent: isFar ? this.far : this.near,
        method: ask.method,
        headers: ask.headers,
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const failure = response.headers[FAILURE_HEADER];
          resolve({ status: response.statusCode ?? 0, text, failure: typeof failure === 'string' ? failure : undefined });
        });
      });
      upload(ask, (text) => outgoing.write(text), () => outgoing.end());
    });
  }

  private keep(ask: Ask, span: { readonly startMs: number; readonly endMs: number }, answer: Answer | undefined, failure: Failure | undefined): void {
    if (ask.key === undefined) {
      return;
    }
    const orderId = failure === undefined ? idIn(answer?.text ?? '') : null;
    if (orderId !== null) {
      this.accepted.push(orderId);
    }
    const status = answer === undefined || answer.failure !== undefined ? null : answer.status;
    const isRefused = status !== null && status >= 400 && status < 500;
    this.commands.push({
      kind: 'place',
      wish: this.commands.length,
      scenario: 'good',
      key: ask.key,
      instance: 'orders',
      ...span,
      result: failure === undefined ? 'ok' : isRefused ? 'fail' : 'unknown',
      status,
      orderId,
      answerHash: failure === undefined ? createHash('sha256').update(answer?.text ?? '').digest('base64url').slice(0, 16) : null,
      error: failure ?? null,
    });
  }
}

/** A slow client sends its body in two pieces. */
function upload({ body, bodyAfterMs }: Ask, write: (text: string) => void, end: () => void): void {
  if (body === undefined) {
    end();
    return;
  }
  if (bodyAfterMs === 0) {
    write(body);
    end();
    return;
  }
  const half = Math.floor(body.length / 2);
  write(body.slice(0, half));
  setTimeout(() => {
    write(body.slice(half));
    end();
  }, bodyAfterMs);
}

function problemOf({ expects }: Ask, { status, failure }: Answer): Failure | undefined {
  if (failure !== undefined) {
    return isFailure(failure) ? failure : 'other';
  }
  return expects.includes(status) ? undefined : `http ${status}`;
}

function urlOf(to: Ask['to'], { url, inventoryUrl, shippingUrl }: OpenLoopOptions): string {
  return { orders: url, inventory: inventoryUrl ?? url, shipping: shippingUrl ?? url }[to];
}

function idIn(text: string): string | null {
  const { id } = JSON.parse(text) as { readonly id?: unknown };
  return typeof id === 'string' ? id : null;
}

