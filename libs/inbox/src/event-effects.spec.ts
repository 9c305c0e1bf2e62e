import type { ReceivedEvent } from '@waybill/contracts';
import { EntityManager } from 'typeorm';
import { expect, it } from 'vitest';
import { type DueEvent, runEffects } from './event-effects.js';
import type { InboxRecord } from './inbox-record.js';

const due = (id: string): DueEvent => ({
  record: { topic: 'waybill.orders', offset: id } as InboxRecord,
  event: { id } as ReceivedEvent,
  key: id,
});

// The first failure ends the transaction; what else is under way fails of it, and may be told first.
it.each(['25P02', '26000'])('tells why the effects failed, not that others failed of it with %s', async (code) => {
  const failures = new Map([
    ['echo', Object.assign(new Error('the echo'), { code })],
    ['guilty', new Error('the reason')],
  ]);
  const effect = async (_manager: EntityManager, { id }: ReceivedEvent) => {
    throw failures.get(id) ?? new Error('none of these two');
  };
  const subscription = { read: () => ({ kind: 'ignored', type: 't' }) as const, effect };
  const ran = runEffects(Object.create(EntityManager.prototype) as EntityManager, 'inventory', ['echo', 'guilty'].map(due), {
    subscription,
    around: (_record, run) => run(),
  });
  await expect(ran).rejects.toThrow('the reason');
});
