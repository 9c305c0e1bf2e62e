import type { Command } from '../command.js';
import { RECONCILE_HELP, reconcileCommand } from '../reconcile-command.js';

/** It has a help, and exit codes, of its own: 1 is for what was found. */
export const reconcile: Command = {
  summary: 'compares orders, reservations and shipments across the databases, and lists what does not fit together',
  verbs: {},
  unnamed: {
    summary: 'lists what will not mend itself',
    usage: '',
    options: {},
    help: RECONCILE_HELP,
    run: (args, { env }) => reconcileCommand([...args], env),
  },
};
