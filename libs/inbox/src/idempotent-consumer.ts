import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope, ReceivedEvent } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';
import { deadLetterOf, type SendDeadLetter } from './dead-letter.js';
import { identityOf, rememberEvents } from './dedup-rows.js';
import { type DueEvent, firstOfEach, runEffects } from './event-effects.js';
import { decideFailure, describeFailure, storable } from './failure.js';
import type { EffectOutcome, RunTransaction } from './inbox.js';
import type { InboxRecord } from './inbox-record.js';
import { buryRecord, closeKey, lockClosedKeys, openKey, type ParkedFailure, parkEvents } from './parking.js';
import { inPlacePauseMs, retryAfterMs, type RetrySchedule } from './retry-schedule.js';
import type { Around, InboxLog, Reading, RecordOutcome, Subscription } from './subscription.js';

export interface IdempotentConsumerOptions {
  /** A stable logical name such as `inventory`, never a group id: with another name, all comes again. */
  readonly consumer: string;
  readonly transaction: RunTransaction;
  readonly subscription: Subscription;
  readonly sendDeadLetter: SendDeadLetter;
  readonly schedule: RetrySchedule;
  readonly around: Around;
  /** Called after the commit, once for each record. */
  readonly counted: (outcome: RecordOutcome, type: string) => void;
  /** Where records go one by one: this one is done with. */
  readonly moved?: (record: InboxRecord) => void;
  readonly log: InboxLog;
}

/** A record and what it is to this consumer. */
interface Delivery {
  readonly record: InboxRecord;
  readonly reading: Reading;
}

/** A delivery that is an event which must not be skipped, readable or not. */
interface EventDelivery {
  readonly delivery: Delivery;
  readonly record: InboxRecord;
  readonly envelope: Envelope;
  readonly key: string;
  readonly source: string;
  readonly id: string;
}

/** What became of an event that could not be handled, and of its key. */
interface Parking {
  readonly outcome: 'parked' | 'dead' | 'duplicate';
  readonly keyIsClosed: boolean;
}

type Outcomes = Map<Delivery, RecordOutcome>;

/**
 * Handles the records of a partition, each event's effect once, and each key's events in order.
 *
 * All records that are handed over together go in one transaction. Where something fails it is rolled back, and they go
 * one by one, each in a transaction of its own, so that only the guilty one is tried again; when that does not help, the
 * event is parked and its key closed: what follows with the same key is parked behind it, and everything else goes on.
 *
 * | the record | what becomes of it |
 * | --- | --- |
 * | an event that was handled before, or a copy in the same chunk | duplicate |
 * | an event of a closed key | parked behind the others of its key |
 * | an event | its effect: done or stale |
 * | an event whose effect fails for a reason of its own | tried again in place, then parked; dead when that is final |
 * | a newer version of a known type | parked until this consumer is upgraded |
 * | an event that breaks its schema | dead |
 * | an event of no interest | ignored |
 * | no event at all | copied to the dead letters; closes no key |
 *
 * `handle` resolves when every record is one of these, and rejects only while the infrastructure is away, or when even
 * parking fails: then the same records must come again.
 */
export class IdempotentConsumer {
  constructor(private readonly options: IdempotentConsumerOptions) {}

  async handle(records: readonly InboxRecord[]): Promise<void> {
    const deliveries = records.map((record) => ({ record, reading: this.options.subscription.read(record) }));
    try {
      await this.together(deliveries);
    } catch (error) {
      if (decideFailure(error) === 'infrastructure') {
        throw error;
      }
      for (const delivery of deliveries) {
        await this.alone(delivery);
        this.options.moved?.(delivery.record);
      }
    }
  }

  private async together(deliveries: readonly Delivery[]): Promise<void> {
    const outcomes = await this.options.transaction((manager) => this.inTransaction(manager, deliveries));
    this.report(deliveries, outcomes);
  }

  private async alone(delivery: Delivery): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.together([delivery]);
        return;
      } catch (error) {
        const decision = decideFailure(error);
        if (decision === 'infrastructure' || delivery.reading.kind !== 'event') {
          throw error;
        }
        if (decision === 'retriable' && attempt < this.options.schedule.inPlaceMax) {
          await sleep(inPlacePauseMs(attempt));
          continue;
        }
        const event = asEvent(delivery, delivery.reading.event);
        const failure = { attempts: attempt, ...describeFailure(error) };
        const state = decision === 'final' ? 'dead' : 'waiting';
        const { outcome } = await this.options.transaction((manager) => this.park(manager, event, state, failure));
        this.report([delivery], new Map([[delivery, outcome]]));
        return;
      }
    }
  }

  private async inTransaction(manager: EntityManager, deliveries: readonly Delivery[]): Promise<Outcomes> {
    const outcomes: Outcomes = new Map();
    const events: EventDelivery[] = [];
    for (const delivery of deliveries) {
      const { record, reading } = delivery;
      switch (reading.kind) {
        case 'ignored':
          outcomes.set(delivery, 'ignored');
          break;
        case 'no-event':
          outcomes.set(delivery, await this.bury(manager, record, reading.problem));
          break;
        case 'event':
          events.push(asEvent(delivery, reading.event));
          break;
        case 'newer-version':
        case 'breaks-schema':
          events.push(asEvent(delivery, reading.envelope));
      }
    }
    await this.takeEvents(manager, firstOfEach(events), outcomes);
    for (const { delivery } of events) {
      if (!outcomes.has(delivery)) {
        outcomes.set(delivery, 'duplicate');
      }
    }
    return outcomes;
  }

  private async takeEvents(manager: EntityManager, events: readonly EventDelivery[], outcomes: Outcomes): Promise<void> {
    const [first] = events;
    if (first === undefined) {
      return;
    }
    const { consumer } = this.options;
    const keys = [...new Set(events.map(({ key }) => key))];
    const closed = new Set(await lockClosedKeys(manager, consumer, first.record.topic, keys));
    const behind: EventDelivery[] = [];
    const toRun: DueEvent[] = [];
    for (const each of events) {
      const { delivery, record, key } = each;
      const { reading } = delivery;
      if (closed.has(key)) {
        behind.push(each);
      } else if (reading.kind === 'event') {
        toRun.push({ record, event: reading.event, key });
      } else {
        const failure = { attempts: 0, errorClass: reading.kind, message: storable('problem' in reading ? reading.problem : '') };
        const { outcome, keyIsClosed } = await this.park(
          manager,
          each,
          reading.kind === 'breaks-schema' ? 'dead' : 'waiting',
          failure,
        );
        outcomes.set(delivery, outcome);
        if (keyIsClosed) {
          closed.add(key);
        }
      }
    }
    const parked = behind.map((each) => ({ ...each, state: 'waiting' }) as const);
    for (const { delivery } of parked.length === 0 ? [] : await parkEvents(manager, consumer, parked)) {
      outcomes.set(delivery, 'parked');
    }
    const ran = await this.run(manager, toRun);
    for (const { delivery, record } of events) {
      const outcome = ran.get(record);
      if (outcome !== undefined) {
        outcomes.set(delivery, outcome);
      }
    }
  }

  private async run(manager: EntityManager, due: readonly DueEvent[]): Promise<ReadonlyMap<InboxRecord, EffectOutcome>> {
    const { consumer } = this.options;
    if (due.length === 0) {
      return new Map();
    }
    const fresh = await rememberEvents(
      manager,
      consumer,
      due.map(({ event }) => event),
    );
    const freshEvents = due.filter(({ event }) => fresh.has(identityOf(event)));
    return runEffects(manager, consumer, freshEvents, this.options);
  }

  private async bury(manager: EntityManager, record: InboxRecord, problem: string): Promise<RecordOutcome> {
    const { consumer, sendDeadLetter, log } = this.options;
    const reason = storable(problem);
    if (!(await buryRecord(manager, consumer, record, reason))) {
      return 'duplicate';
    }
    await sendDeadLetter(manager, deadLetterOf(record, { consumer, attempts: 0, errorClass: 'no-event', reason }));
    const { topic, partition, offset } = record;
    log.error('a record that is no event goes to the dead letters', { topic, partition, offset, reason });
    return 'dead-lettered';
  }

  /**
   * Closes the event's key and parks it.
   *
   * | the key was | the event | |
   * | --- | --- | --- |
   * | open | is parked now | the head of its key, which is closed from here on |
   * | open | was handled meanwhile | nothing waits: the key is opened again |
   * | closed meanwhile | is parked now | waits behind the others |
   * | closed meanwhile | was parked or handled by another | the key stays closed |
   */
  private async park(
    manager: EntityManager,
    { record, envelope, key }: EventDelivery,
    state: 'waiting' | 'dead',
    failure: ParkedFailure,
  ): Promise<Parking> {
    const { consumer, schedule, sendDeadLetter, log } = this.options;
    const { topic, partition, offset } = record;
    const wasOpen = await closeKey(manager, consumer, topic, {
      key,
      state: state === 'dead' ? 'dead' : 'retrying',
      attempts: failure.attempts,
      retryAfterMs: retryAfterMs(schedule, failure.attempts),
      error: failure.message,
    });
    const [parked] = await parkEvents(manager, consumer, [
      wasOpen ? { record, envelope, key, state, failure } : { record, envelope, key, state: 'waiting' },
    ]);
    if (parked === undefined) {
      // The member that took this partition over was quicker.
      if (wasOpen) {
        await openKey(manager, consumer, { topic, key });
      }
      return { outcome: 'duplicate', keyIsClosed: !wasOpen };
    }
    const facts = { id: envelope.id, type: envelope.type, topic, partition, offset, key, ...failure };
    if (parked.state === 'waiting') {
      log.warn('an event is parked; later events of its key wait behind it', facts);
      return { outcome: 'parked', keyIsClosed: true };
    }
    await sendDeadLetter(manager, deadLetterOf(record, { consumer, ...failure, reason: failure.message }));
    log.error('an event is dead; its key stays closed until an operator retries or discards it', facts);
    return { outcome: 'dead', keyIsClosed: true };
  }

  private report(deliveries: readonly Delivery[], outcomes: Outcomes): void {
    const { counted, subscription } = this.options;
    const handled: ReceivedEvent[] = [];
    for (const delivery of deliveries) {
      const outcome = outcomes.get(delivery) ?? 'duplicate';
      counted(outcome, typeOf(delivery.reading));
      if (delivery.reading.kind === 'event' && (outcome === 'done' || outcome === 'stale')) {
        handled.push(delivery.reading.event);
      }
    }
    if (handled.length > 0) {
      subscription.committed?.(handled);
    }
  }
}

function asEvent(delivery: Delivery, envelope: Envelope): EventDelivery {
  const { record } = delivery;
  const { source, id, partitionKey } = envelope;
  return { delivery, record, envelope, source, id, key: record.key ?? partitionKey };
}

/** The type as it may be a label of a metric: a stranger's could be anything. */
function typeOf(reading: Reading): string {
  switch (reading.kind) {
    case 'event':
      return reading.event.type;
    case 'ignored':
    case 'no-event':
      return reading.type;
    case 'newer-version':
    case 'breaks-schema':
      return 'unreadable';
  }
}
