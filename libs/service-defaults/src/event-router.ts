import {
  type Envelope,
  isEventType,
  readAs,
  readData,
  readEnvelope,
  type ReceivedEvent,
  versionOf,
} from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';
import type { EventHandler, SubscriptionTable } from './subscriptions.js';

export type RecordOutcome = 'done' | 'stale' | 'duplicate' | 'ignored' | 'dead-lettered';

export interface EventRouterOptions {
  readonly table: SubscriptionTable;
  /** Keeps a record that is no event at all, with its bytes and headers; must resolve only when it is kept. */
  readonly deadLetter: (record: ConsumedRecord, reason: string) => Promise<void>;
  readonly counted: (outcome: RecordOutcome, type: string) => void;
}

/**
 * Decides what becomes of a record. An error means: not done, bring it again; nothing is skipped.
 *
 * | the record | outcome |
 * | --- | --- |
 * | is no event (no CloudEvents headers, or a value that is no JSON) | copied to the dead-letter topic, then done |
 * | an event of a type that is not in the table | ignored: done |
 * | an older version of a type in the table | read as the version in the table, through the upcasters |
 * | a newer version of a type in the table | error: this consumer is behind, an upgrade is under way |
 * | breaks the schema of its type | error: its producer broke the contract |
 * | any other | what the handler says |
 */
export class EventRouter {
  private readonly names: ReadonlySet<string>;

  constructor(private readonly options: EventRouterOptions) {
    this.names = new Set(Object.keys(options.table).flatMap((type) => versionOf(type)?.name ?? []));
  }

  async handle(record: ConsumedRecord): Promise<void> {
    const read = readEnvelope(record.headers, record.key);
    if (read.kind === 'no-event') {
      await this.deadLetter(record, read.problem, record.headers['ce_type']);
      return;
    }
    const { envelope } = read;
    const { type } = envelope;
    const { table } = this.options;
    const version = isEventType(type) ? readAs(type, (candidate) => table[candidate] !== undefined) : undefined;
    if (!isEventType(type) || version === undefined) {
      this.refuseNewerVersion(envelope);
      this.options.counted('ignored', isEventType(type) ? type : 'unknown');
      return;
    }
    const data = readData(type, record.value?.toString('utf8'), version);
    switch (data.kind) {
      case 'not-json':
        await this.deadLetter(record, data.problem, type);
        return;
      case 'schema':
        throw new UnreadableEventError(envelope, data.problem);
      case 'data': {
        const { topic, partition, offset } = record;
        const event = { ...envelope, type: version, topic, partition, offset, data: data.data } as ReceivedEvent;
        const handler = table[version] as EventHandler<typeof version>;
        this.options.counted(outcomeOf(await handler(event)), type);
      }
    }
  }

  private refuseNewerVersion(envelope: Envelope): void {
    const version = versionOf(envelope.type);
    if (version !== undefined && this.names.has(version.name)) {
      throw new UnreadableEventError(
        envelope,
        `${envelope.type} is a version that this consumer does not know yet; upgrade the consumer`,
      );
    }
  }

  private async deadLetter(record: ConsumedRecord, reason: string, type: string | undefined): Promise<void> {
    await this.options.deadLetter(record, reason);
    this.options.counted('dead-lettered', type !== undefined && isEventType(type) ? type : 'unknown');
  }
}

/** An event that must not be skipped, and that this version of the consumer cannot read. */
export class UnreadableEventError extends Error {
  readonly code = 'UNREADABLE_EVENT';

  constructor(
    readonly envelope: Envelope,
    problem: string,
  ) {
    super(problem);
    this.name = 'UnreadableEventError';
  }
}

/** What `inbox.once` answered; a handler without an inbox has just done it. */
function outcomeOf(answer: unknown): RecordOutcome {
  return answer === 'stale' || answer === 'duplicate' ? answer : 'done';
}
