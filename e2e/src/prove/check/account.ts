import { deadLetterTopic, type Service, services } from '@waybill/contracts';
import { Findings } from './findings.js';
import type { RecordIndex, Whereabouts } from './record-index.js';
import { publisherAt, subscribersOf } from './saga.js';
import type { Verdict } from './verdict.js';

type Account = Record<Whereabouts, number>;

/**
 * I7. The account balances, for each consumer: of the events that were in an outbox and that it handles, each is handled,
 * parked, dead, still in the outbox, or in the topic and not read yet. None is nowhere, and none is dead and handled.
 *
 * And for the dead letters: what is dead owes a letter to its topic, and every letter that was written is in its topic or
 * still in the outbox.
 */
export function checkAccount(index: RecordIndex): Verdict {
  const findings = new Findings('I7', 'accepted = done + waiting + parked + dead');
  const accounts: Record<Service, Account> = { orders: emptyAccount(), inventory: emptyAccount(), shipping: emptyAccount() };
  for (const service of services) {
    for (const trail of index.trails[service].values()) {
      const { row } = trail;
      for (const consumer of subscribersOf(row.type)) {
        const where = index.whereabouts(trail, consumer);
        accounts[consumer][where] += 1;
        findings.look();
        if (where === 'lost') {
          findings.violate(row.partitionKey, `${row.type} version ${row.version} (${row.id}) is nowhere for ${consumer}`);
        }
        if (where === 'handled' && trail.parked.some((parked) => parked.consumer === consumer && parked.state === 'dead')) {
          findings.violate(row.partitionKey, `${row.type} version ${row.version} (${row.id}) is handled by ${consumer}, and dead there, too`);
        }
      }
    }
  }
  checkLetters(index, findings);
  for (const service of services) {
    findings.remark(`${service}: ${balanceOf(accounts[service])}`);
  }
  return findings.verdict();
}

function checkLetters(index: RecordIndex, findings: Findings): void {
  const { record, rawRows } = index;
  const written = countOf(rawRows, ({ topic, partitionKey }) => `${topic} ${partitionKey}`);
  const unsent = countOf(
    rawRows.filter(({ service, id }) => index.isWaiting(service, id)),
    ({ topic, partitionKey }) => `${topic} ${partitionKey}`,
  );
  const sent = countOf(
    record.records.filter(({ topic }) => publisherAt(topic) === undefined),
    ({ topic, key }) => `${topic} ${key}`,
  );
  for (const [letter, count] of written) {
    findings.look();
    const there = (sent.get(letter) ?? 0) + (unsent.get(letter) ?? 0);
    if (there < count) {
      const [topic = '', key = ''] = letter.split(' ');
      findings.violate(index.orders.has(key) ? key : null, `${count} dead letters of ${key} were written for ${topic}, and ${there} are there`);
    }
  }
  for (const { consumer, topic, key, type, state } of record.parked) {
    if (state === 'dead' && isService(consumer)) {
      findings.look();
      if (!written.has(`${deadLetterTopic(topic, consumer)} ${key}`)) {
        findings.violate(key, `${type} is dead in ${consumer}, and no letter was written`);
      }
    }
  }
}

function countOf<V>(values: readonly V[], keyOf: (value: V) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) {
    const key = keyOf(value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function emptyAccount(): Account {
  return { handled: 0, parked: 0, dead: 0, waiting: 0, unread: 0, lost: 0 };
}

function balanceOf({ handled, waiting, unread, parked, dead, lost }: Account): string {
  const sum = handled + waiting + unread + parked + dead + lost;
  return `${sum} = ${handled} done + ${waiting + unread} waiting + ${parked} parked + ${dead} dead${lost === 0 ? '' : ` + ${lost} NOWHERE`}`;
}

function isService(consumer: string): consumer is Service {
  return (services as readonly string[]).includes(consumer);
}
