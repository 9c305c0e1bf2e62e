import { isGone } from './end-process.js';
import { lockOwner } from './home-lock.js';
import { endLeftOvers } from './process-roll.js';
import { removeStack, waybillHome } from './stack-file.js';

/** Longer than a service may take for all it has in hand, twice: the carrier stops after the others. */
const PATIENCE_MS = 90_000;

const home = waybillHome();
const owner = lockOwner(home);
if (owner === undefined) {
  const leftOvers = await endLeftOvers(home);
  removeStack(home);
  console.log(
    leftOvers.length === 0
      ? `Nothing runs in ${home}.`
      : `The stack in ${home} had been killed; ended what it left behind: ${leftOvers.join(', ')}.`,
  );
} else {
  console.log(`Stopping the stack in ${home} (pid ${owner.pid}).`);
  const start = performance.now();
  process.kill(owner.pid, 'SIGTERM');
  if (await isGone(owner, PATIENCE_MS)) {
    console.log(`Stopped in ${((performance.now() - start) / 1_000).toFixed(1)} s.`);
  } else {
    console.error(`It still runs after ${PATIENCE_MS / 1_000} s. Look into ${home}/logs; \`kill -9 ${owner.pid}\` ends it and all it started.`);
    process.exitCode = 1;
  }
}
