import { withoutRelay } from '../naive-relay.js';
import { replaceAppend } from '../unseen-append.js';

/*
 * Publish within the transaction, then commit.
 *
 * It looks right because a failed publish rolls the change back: no change without its event. But what is published
 * cannot be rolled back. A process that dies before COMMIT, a connection that is cut there, a deadlock that makes the
 * transaction run again: the others act on something that never happened. Even when all goes well, an event can be
 * quicker than the commit that it tells of, and finds nothing yet.
 *
 * Who: every "emit() in the service method, under @Transactional()".
 */
export function install(): void {
  const send = withoutRelay();
  replaceAppend(async (_manager, rows) => {
    await send(rows);
  });
}
