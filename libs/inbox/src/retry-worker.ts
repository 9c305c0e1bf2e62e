import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { deadLetterOf, type SendDeadLetter } from './dead-letter.js';
import { rememberEvents } from './dedup-rows.js';
import { runEffects } from './event-effects.js';
import { decideFailure, describeFailure, storable } from './failure.js';
import type { EffectOutcome, RunTransaction } from './inbox.js';
import {
  type EventKey,
  giveUp,
  goOn,
  headOf,
  lockDueKey,
  lockKey,
  type ParkedEvent,
  type ParkedFailure,
  postpone,
  unpark,
} from './parking.js';
import { retryAfterMs, type RetrySchedule } from './retry-schedule.js';
import type { Around, InboxLog, Reading, Subscription } from './subscription.js';

export interface RetryWorkerOptions {
  readonly consumer: string;
  readonly transaction: RunTransaction;
  readonly subscription: Subscription;
  readonly sendDeadLetter: SendDeadLetter;
  readonly schedule: RetrySchedule;
  readonly around: Around;
  readonly log: InboxLog;
  /** How often it looks for keys that are due, while none is; 500 ms. */
  readonly pollIntervalMs?: number;
}

/** What became of a turn: one event, or the reason why there was none. */
export type RetryTurn = 'idle' | 'done' | 'dropped' | 'postponed' | 'dead' | 'lost';

/** One head and what it is now: after an upgrade a consumer may read what it could not read before. */
interface Attempt {
  readonly key: EventKey;
  readonly head: ParkedEvent;
  readonly reading: Reading;
}

const POLL_INTERVAL_MS = 500;
const NOT_HANDLED = 'this version of the consumer does not handle events of this type; upgrade the consumer, or discard the event';

/**
 * Tries parked events again, the head of a key first, then what waits behind it, one event a transaction.
 *
 * due key -> lock it -> head -> dedup row, effect, out of the parking place -> the next one, or the key is open again
 *
 * Any number of workers, in any number of instances, may do so at once: each passes by the keys that another one holds.
 * While the lock of a key is held, the consumer cannot park behind it, so that none is left behind in an open key. A
 * head whose effect has happened elsewhere meanwhile (a consumer that was paused parked it too late) is dropped.
 *
 * When its attempts are used up a head is dead, and its key stays closed until an operator retries or discards it.
 */
export class RetryWorker {
  readonly name = 'retries';
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: RetryWorkerOptions) {}

  /** Each turn is a beat. */
  start(progress?: { beat(): void }): void {
    this.running ??= this.run(progress);
  }

  /** Resolves when the event in hand is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Takes one event of one due key; rejects only for what is not the event's fault. */
  async turn(): Promise<RetryTurn> {
    const { transaction, subscription } = this.options;
    const hand: { attempt?: Attempt } = {};
    let turn: RetryTurn;
    try {
      turn = await transaction(async (manager) => {
        const attempt = await this.take(manager);
        if (attempt === undefined) {
          return 'idle';
        }
        hand.attempt = attempt;
        return this.handle(manager, attempt);
      });
    } catch (error) {
      const decision = decideFailure(error);
      const { attempt } = hand;
      if (attempt === undefined || decision === 'infrastructure') {
        throw error;
      }
      return transaction((manager) => this.failed(manager, attempt, decision, error));
    }
    if (turn === 'done' && hand.attempt?.reading.kind === 'event') {
      subscription.committed?.([hand.attempt.reading.event]);
    }
    return turn;
  }

  private async run(progress?: { beat(): void }): Promise<void> {
    const { signal } = this.stopping;
    const { pollIntervalMs = POLL_INTERVAL_MS, log } = this.options;
    while (!signal.aborted) {
      progress?.beat();
      let turn: RetryTurn = 'idle';
      try {
        turn = await this.turn();
      } catch (err) {
        log.warn('parked events cannot be tried now; trying again', { err });
      }
      if (turn === 'idle') {
        // Not all instances at the same moment; and interrupted by the stop.
        await sleep(pollIntervalMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async take(manager: EntityManager): Promise<Attempt | undefined> {
    const { consumer, subscription } = this.options;
    for (;;) {
      const key = await lockDueKey(manager, consumer);
      if (key === undefined) {
        return undefined;
      }
      const head = await headOf(manager, consumer, key);
      if (head !== undefined) {
        return { key, head, reading: subscription.read(head.record) };
      }
      await goOn(manager, consumer, key);
    }
  }

  private async handle(manager: EntityManager, { key, head, reading }: Attempt): Promise<RetryTurn> {
    const { consumer } = this.options;
    switch (reading.kind) {
      case 'event': {
        const fresh = await rememberEvents(manager, consumer, [reading.event]);
        const due = fresh.size === 0 ? [] : [{ record: head.record, event: reading.event, key: key.key }];
        const outcomes = await runEffects(manager, consumer, due, this.options);
        return this.leave(manager, key, head, outcomes.get(head.record));
      }
      case 'ignored':
        // The version that parked it handles its type: this one may be older, during an upgrade or after a way back.
        return this.leaveToAnother(manager, key, head, 'not-handled', NOT_HANDLED);
      case 'newer-version':
        return this.leaveToAnother(manager, key, head, reading.kind, reading.problem);
      case 'breaks-schema':
      case 'no-event':
        return this.die(manager, key, head, {
          attempts: head.attempts + 1,
          errorClass: reading.kind,
          message: storable(reading.problem),
        });
    }
  }

  private async leave(
    manager: EntityManager,
    key: EventKey,
    head: ParkedEvent,
    outcome: EffectOutcome | undefined,
  ): Promise<RetryTurn> {
    const { consumer, log } = this.options;
    await unpark(manager, consumer, head);
    await goOn(manager, consumer, key);
    log.info('a parked event left the parking place', { id: head.id, ...key, outcome: outcome ?? 'dropped' });
    return outcome === undefined ? 'dropped' : 'done';
  }

  /** For another version of the consumer, without using up attempts; whoever means it never to happen discards it. */
  private async leaveToAnother(
    manager: EntityManager,
    key: EventKey,
    { source, id, attempts }: ParkedEvent,
    errorClass: string,
    problem: string,
  ): Promise<RetryTurn> {
    const { consumer, schedule } = this.options;
    const waits = { attempts, errorClass, message: storable(problem), retryAfterMs: schedule.backoffMaxMs / 2 };
    await postpone(manager, consumer, key, { source, id }, waits);
    return 'postponed';
  }

  /** In a transaction of its own, because that of the attempt was rolled back and its lock is gone. */
  private async failed(
    manager: EntityManager,
    { key, head: taken }: Attempt,
    decision: 'retriable' | 'final' | 'newer-version',
    error: unknown,
  ): Promise<RetryTurn> {
    const { consumer, schedule, log } = this.options;
    const head = (await lockKey(manager, consumer, key)) ? await headOf(manager, consumer, key) : undefined;
    if (head?.id !== taken.id || head.source !== taken.source || head.attempts !== taken.attempts || head.state === 'dead') {
      // Another worker or an operator was there in between: theirs counts.
      return 'lost';
    }
    const attempts = head.attempts + (decision === 'newer-version' ? 0 : 1);
    const failure = { attempts, ...describeFailure(error) };
    if (decision === 'final' || (decision === 'retriable' && attempts >= schedule.attemptsMax)) {
      return this.die(manager, key, head, failure);
    }
    const later = { ...failure, retryAfterMs: retryAfterMs(schedule, attempts) };
    await postpone(manager, consumer, key, head, later);
    log.warn('a parked event failed again; it is tried later', { id: head.id, ...key, ...later });
    return 'postponed';
  }

  private async die(manager: EntityManager, key: EventKey, head: ParkedEvent, failure: ParkedFailure): Promise<RetryTurn> {
    const { consumer, sendDeadLetter, log } = this.options;
    await giveUp(manager, consumer, key, head, failure);
    await sendDeadLetter(manager, deadLetterOf(head.record, { consumer, ...failure, reason: failure.message }));
    log.error('a parked event is dead; its key stays closed until an operator retries or discards it', {
      id: head.id,
      ...key,
      ...failure,
    });
    return 'dead';
  }
}
