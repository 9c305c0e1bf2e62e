import { IdempotentConsumer } from '@waybill/inbox';
import { swap } from '../../museum/swap.js';

interface ConsumerInside {
  run(manager: unknown, due: readonly unknown[]): Promise<ReadonlyMap<unknown, unknown>>;
}

/*
 * `await new Promise(...)` around a callback that is called on success, and on nothing else.
 *
 * The event loop is free, the heartbeats are answered, the database has ended the idle transaction long ago, and the
 * partition stands still until somebody looks.
 */
export function install(): () => void {
  let ill = false;
  const { run } = swap<ConsumerInside>(IdempotentConsumer, {
    run(manager, due): Promise<ReadonlyMap<unknown, unknown>> {
      return ill && due.length > 0 ? new Promise(() => undefined) : run.call(this, manager, due);
    },
  });
  return () => {
    ill = true;
  };
}
