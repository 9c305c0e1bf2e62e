import {
  type Envelope,
  type EventType,
  isEventType,
  isNewerVersionOfKnownType,
  readData,
  readEnvelope,
  type ReceivedEvent,
} from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';

/** What a service does about each type of event; a type that is not in the table counts as done. */
export type SubscriptionTable = {
  readonly [T in EventType]?: (event: ReceivedEvent<T>) => Promise<unknown>;
};

/** The class a service gives to `WaybillModule`; its table is read once, at the start. */
export interface Subscriptions {
  readonly table: SubscriptionTable;
}

/** An event that cannot be handled now. It is never skipped: its partition waits. */
export class UnhandledEventError extends Error {
  readonly code = 'EVENT_UNHANDLED';

  constructor(
    readonly problem: 'newer-version' | 'schema',
    message: string,
  ) {
    super(message);
    this.name = 'UnhandledEventError';
  }
}

export type Dispatched = 'handled' | 'not-subscribed' | 'dead-lettered';

/**
 * Brings one record to its handler.
 *
 * - no event at all (no envelope, or data that is not JSON): to the dead-letter topic, so that it stops nobody
 * - a type nobody here asked for: done
 * - a newer version of a known type, or data that breaks its schema: an error, because skipping it would lose it
 */
export async function dispatchEvent(
  record: ConsumedRecord,
  table: SubscriptionTable,
  deadLetter: (record: ConsumedRecord, problem: string) => Promise<void>,
): Promise<Dispatched> {
  const read = readEnvelope(record.headers, record.key);
  if (read.kind === 'no-event') {
    await deadLetter(record, read.problem);
    return 'dead-lettered';
  }
  const { envelope } = read;
  if (!isEventType(envelope.type)) {
    if (isNewerVersionOfKnownType(envelope.type)) {
      throw new UnhandledEventError(
        'newer-version',
        `${envelope.type} is newer than what this service knows; upgrade the consumer before its producers`,
      );
    }
    return 'not-subscribed';
  }
  const handler = table[envelope.type] as ((event: ReceivedEvent) => Promise<unknown>) | undefined;
  if (handler === undefined) {
    return 'not-subscribed';
  }
  const data = readData(envelope.type, record.value?.toString());
  switch (data.kind) {
    case 'not-json':
      await deadLetter(record, data.problem);
      return 'dead-lettered';
    case 'schema':
      throw new UnhandledEventError('schema', data.problem);
    case 'data':
      await handler(received(envelope, envelope.type, record, data.data));
      return 'handled';
  }
}

function received(envelope: Envelope, type: EventType, record: ConsumedRecord, data: unknown): ReceivedEvent {
  const { topic, partition, offset } = record;
  // The schema of this very type has checked the data.
  return { ...envelope, type, topic, partition, offset, data: data as ReceivedEvent['data'] };
}
