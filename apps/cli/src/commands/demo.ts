import { type Command, verb } from '../command.js';
import { demo as tellStory } from '../demo.js';
import { findStack } from '../find-stack.js';

export const demo: Command = {
  summary: 'places an order and follows it to SHIPPED (npm run demo)',
  verbs: {},
  unnamed: verb({
    summary: 'places an order, and prints each event of it with its place in Kafka',
    options: {},
    run: async (_input, { env, print, colour }) => tellStory(await findStack(env), { print, colour }),
  }),
};
