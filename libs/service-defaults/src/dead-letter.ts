import { randomUUID } from 'node:crypto';
import { deadLetterTopic, type Service } from '@waybill/contracts';
import type { SendDeadLetter } from '@waybill/inbox';
import type { EntityManager } from 'typeorm';

/** A row of the outbox that is sent with exactly these bytes and headers. */
export interface RawRow {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly partition: 0;
}

/** Copies go to `<topic>.<consumer>.dlt`, through the outbox: a letter is sent if and only if its record was given up. */
export function deadLettersOf(
  consumer: Service,
  append: (manager: EntityManager, row: RawRow) => Promise<void>,
): SendDeadLetter {
  return (manager, { topic, key, value, headers }) =>
    append(manager, {
      topic: deadLetterTopic(topic, consumer),
      key,
      value,
      headers,
      aggregateType: `dlt:${consumer}`,
      // Of its own: a letter holds nobody back, and waits for nobody.
      aggregateId: randomUUID(),
      partition: 0,
    });
}
