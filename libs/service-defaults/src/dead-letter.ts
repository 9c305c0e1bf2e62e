import { randomUUID } from 'node:crypto';
import { deadLetterTopic, type Service } from '@waybill/contracts';
import type { SendDeadLetter } from '@waybill/inbox';
import type { Outbox } from '@waybill/outbox';

/** Copies go to `<topic>.<consumer>.dlt`, through the outbox: a letter is sent if and only if its record was given up. */
export function deadLettersOf(consumer: Service, outbox: Outbox): SendDeadLetter {
  return (manager, { topic, key, value, headers }) =>
    outbox.appendRaw(manager, {
      topic: deadLetterTopic(topic, consumer),
      key,
      value,
      headers,
      aggregateType: `dlt:${consumer}`,
      // Of its own: a letter holds nobody back, and waits for nobody.
      aggregateId: randomUUID(),
    });
}
