import type { CommandTable } from './command.js';
import { audit } from './commands/audit.js';
import { dead } from './commands/dead.js';
import { demo } from './commands/demo.js';
import { inbox } from './commands/inbox.js';
import { migrate } from './commands/migrate.js';
import { outbox } from './commands/outbox.js';
import { parked } from './commands/parked.js';
import { reconcile } from './commands/reconcile.js';
import { replay } from './commands/replay.js';
import { status } from './commands/status.js';

/** Every command, in the order of the help. */
export const commands: CommandTable = {
  status,
  outbox,
  inbox,
  parked,
  dead,
  replay,
  reconcile,
  audit,
  migrate,
  demo,
};
