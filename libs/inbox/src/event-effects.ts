import type { ReceivedEvent } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';
import { identityOf, markStale } from './dedup-rows.js';
import { isEcho } from './failure.js';
import type { EffectOutcome } from './inbox.js';
import type { InboxRecord } from './inbox-record.js';
import type { Around, Subscription } from './subscription.js';

export interface DueEvent {
  readonly record: InboxRecord;
  readonly event: ReceivedEvent;
  readonly key: string;
}

/**
 * Runs the effects of events whose dedup rows were just written, in the same transaction; answers each one's outcome.
 *
 * Events of one key run strictly one after another. Different keys run at the same time, so that their statements fill
 * one connection instead of waiting for each other's answers.
 */
export async function runEffects(
  manager: EntityManager,
  consumer: string,
  due: readonly DueEvent[],
  { subscription, around }: { readonly subscription: Subscription; readonly around: Around },
): Promise<ReadonlyMap<InboxRecord, EffectOutcome>> {
  const outcomes = new Map<InboxRecord, EffectOutcome>();
  if (due.length === 0) {
    return outcomes;
  }
  await subscription.lockShared?.(
    manager,
    due.map(({ event }) => event),
  );
  let failed = false;
  const inSequence = async (events: readonly DueEvent[]) => {
    for (const each of events) {
      if (failed) {
        return;
      }
      try {
        const outcome = await around(each.record, () => subscription.effect(manager, each.event));
        outcomes.set(each.record, outcome ?? 'done');
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // All of them settle before anything else happens: a statement that is sent after the rollback would be outside of it.
  const settled = await Promise.allSettled([...byKey(due).values()].map(inSequence));
  const errors = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (errors.length > 0) {
    throw errors.find((error) => !isEcho(error)) ?? errors[0];
  }
  const stale = due.filter((each) => outcomes.get(each.record) === 'stale').map(({ event }) => event);
  if (stale.length > 0) {
    await markStale(manager, consumer, stale);
  }
  return outcomes;
}

function byKey(due: readonly DueEvent[]): Map<string, DueEvent[]> {
  const keys = new Map<string, DueEvent[]>();
  for (const each of due) {
    const same = keys.get(each.key);
    if (same === undefined) {
      keys.set(each.key, [each]);
    } else {
      same.push(each);
    }
  }
  return keys;
}

/** The first of each, in order: copies of one event in a chunk are one event. */
export function firstOfEach<E extends { readonly source: string; readonly id: string }>(events: readonly E[]): E[] {
  const first = new Map<string, E>();
  for (const event of events) {
    const identity = identityOf(event);
    if (!first.has(identity)) {
      first.set(identity, event);
    }
  }
  return [...first.values()];
}
