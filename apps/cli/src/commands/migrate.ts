import { type Command, verb } from '../command.js';
import { RefusedError } from '../command-errors.js';
import { jsonOption, serviceOption } from '../selection.js';
import { rehearse } from './migrate-rehearse.js';

/** Changes of the databases' schemas: what would run, running it, and the way back. */
export const migrate: Command = {
  summary: 'changes of the schemas: what would run, its phases, how far it is, and the way back',
  verbs: {
    plan: verb({
      summary: 'shows what would run, in its order, with its statements, its limits and the rows of a backfill',
      options: { ...serviceOption, ...jsonOption },
      run: () => Promise.reject(new RefusedError('not yet')),
    }),
    rehearse,
  },
};
