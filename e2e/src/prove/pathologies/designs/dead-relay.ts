import { OutboxRelay } from '@waybill/outbox';
import { swap } from '../../museum/swap.js';

interface RelayInside {
  turn(connections: unknown): Promise<void>;
}

/*
 * The loop waits for something that never comes.
 *
 * Its leases are renewed by a timer beside it, so no other relay takes its shards over: orders are accepted, and their
 * events stay in the outbox, for ever.
 */
export function install(): () => void {
  let ill = false;
  const { turn } = swap<RelayInside>(OutboxRelay, {
    turn(connections): Promise<void> {
      return ill ? new Promise(() => undefined) : turn.call(this, connections);
    },
  });
  return () => {
    ill = true;
  };
}
