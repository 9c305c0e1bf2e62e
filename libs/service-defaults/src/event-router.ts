import { type EventType, isEventType, readData, readEnvelope, type ReceivedEvent, versionOf } from '@waybill/contracts';
import type { EffectOutcome, InboxRecord, Reading, Subscription } from '@waybill/inbox';
import type { EntityManager } from 'typeorm';
import type { EventHandler, Subscriptions } from './subscriptions.js';

/** Of source, type, subject and key: what identifies an event has to fit into an index. */
const NAME_MAX = 500;

/**
 * Says what a record is to a service, and brings an event to its handler. It decides nothing about failures.
 *
 * | the record | reading |
 * | --- | --- |
 * | no CloudEvents headers, names that no table can hold, or a value that is no JSON | no event |
 * | an event of a type that is not in the table | ignored |
 * | a newer version of a type in the table | newer version: an upgrade is under way, and this consumer is behind |
 * | breaks the schema of its type | breaks its schema: its producer broke the contract |
 * | any other | an event |
 */
export class EventRouter implements Subscription {
  private readonly names: ReadonlySet<string>;

  constructor(private readonly subscriptions: Subscriptions) {
    this.names = new Set(Object.keys(subscriptions.table).flatMap((type) => versionOf(type)?.name ?? []));
  }

  read(record: InboxRecord): Reading {
    const known = knownType(record.headers['ce_type']);
    const read = readEnvelope(record.headers, record.key);
    if (read.kind === 'no-event') {
      return { kind: 'no-event', type: known, problem: read.problem };
    }
    const { envelope } = read;
    const { type, source, subject, partitionKey, correlationId } = envelope;
    if (!isEventType(type) || this.handlerOf(type) === undefined) {
      return this.isNewerVersion(type)
        ? {
            kind: 'newer-version',
            envelope,
            problem: `${type} is a version that this consumer does not know yet; upgrade the consumer`,
          }
        : { kind: 'ignored', type: known };
    }
    const names = [source, type, subject, partitionKey, correlationId, record.key ?? ''];
    if (names.some((name) => name.length > NAME_MAX || name.includes('\0'))) {
      const problem = `source, type, subject, keys and correlation id should have at most ${NAME_MAX} characters, none of them U+0000`;
      return { kind: 'no-event', type, problem };
    }
    const data = readData(type, record.value?.toString('utf8'));
    switch (data.kind) {
      case 'not-json':
        return { kind: 'no-event', type, problem: data.problem };
      case 'schema':
        return { kind: 'breaks-schema', envelope, problem: data.problem };
      case 'data': {
        const { topic, partition, offset } = record;
        return { kind: 'event', event: { ...envelope, topic, partition, offset, data: data.data } as ReceivedEvent };
      }
    }
  }

  async effect(manager: EntityManager, event: ReceivedEvent): Promise<EffectOutcome> {
    return (await this.handlerOf(event.type)?.(manager, event)) ?? 'done';
  }

  async lockShared(manager: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.subscriptions.lockShared?.(manager, events);
  }

  committed(events: readonly ReceivedEvent[]): void {
    this.subscriptions.committed?.(events);
  }

  private handlerOf<T extends EventType>(type: T): EventHandler<T> | undefined {
    return this.subscriptions.table[type];
  }

  private isNewerVersion(type: string): boolean {
    const version = versionOf(type);
    return version !== undefined && !isEventType(type) && this.names.has(version.name);
  }
}

/** For metrics: a stranger's type could be anything. */
function knownType(type: string | undefined): string {
  return type !== undefined && isEventType(type) ? type : 'unknown';
}
