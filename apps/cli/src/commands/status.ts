import { type Command, verb } from '../command.js';
import { findStack } from '../find-stack.js';
import { jsonOption } from '../selection.js';
import { readStatus, renderStatus } from '../status.js';

export const status: Command = {
  summary: 'how every service is, what waits in the outboxes, what the inboxes have handled, how far consumers are behind',
  verbs: {},
  unnamed: verb({
    summary: 'shows all of it, and the orders by their status',
    options: jsonOption,
    run: async ({ options: { json } }, { env, print }) => {
      const current = await readStatus(await findStack(env));
      print(json ? JSON.stringify(current, null, 2) : renderStatus(current));
      return 0;
    },
  }),
};
