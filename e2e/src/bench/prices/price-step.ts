/** Each step keeps the promises of those before it. */
export const priceSteps = ['plain', 'outbox', 'inbox', 'order', 'tracing'] as const;
export type PriceStep = (typeof priceSteps)[number];

export const priceTitles: Readonly<Record<PriceStep, string>> = {
  plain: 'plain: commit, then send; an event may get lost or come twice',
  outbox: '+ outbox: no event gets lost',
  inbox: '+ inbox: an event has one effect',
  order: '+ order: one after another within a key',
  tracing: '+ tracing: spans of every step, exported',
};

export const businessTables: readonly string[] = ['CREATE TABLE orders (id text PRIMARY KEY, n integer NOT NULL)'];
