import type { Invariant } from '../check/verdict.js';
import type { FaultKind } from '../plan.js';

export interface Exhibit {
  readonly name: string;
  readonly title: string;
  /** What it does, in one sentence. */
  readonly wrong: string;
  /** The invariants that it can break: one of them must be found broken. */
  readonly breaks: readonly Invariant[];
  /** The faults under which it shows; none where load is enough. */
  readonly faults: readonly FaultKind[];
  /** The load under which it shows: few orders, and long enough for a fault or two. */
  readonly orders: number;
  readonly durationMs: number;
  /** Whether all topics are read again at the end. Where effects are lost, a replay would make up for them. */
  readonly replay?: boolean;
  readonly design: () => Promise<{ install(): void }>;
}

/** Long enough for several faults, also on a machine that has other things to do. */
const LONG = { orders: 400, durationMs: 25_000 };
const SHORT = { orders: 200, durationMs: 10_000 };

/** The wrong designs, each the way its authors would write it: it works until something happens. */
export const exhibits: readonly Exhibit[] = [
  {
    name: 'dual-write',
    title: 'Dual write without an outbox',
    wrong: 'commits the change, then publishes the event',
    breaks: ['I1', 'I4', 'I9'],
    faults: ['broker'],
    ...LONG,
    design: () => import('./designs/dual-write.js'),
  },
  {
    name: 'publish-then-commit',
    title: 'Publish, then commit',
    wrong: 'publishes the event within the transaction that it tells of',
    breaks: ['I3'],
    faults: ['database'],
    ...LONG,
    design: () => import('./designs/publish-then-commit.js'),
  },
  {
    name: 'mark-first',
    title: 'A relay that marks before the acknowledgement',
    wrong: 'marks rows as sent, then sends them',
    breaks: ['I1', 'I9'],
    faults: ['broker'],
    ...LONG,
    design: () => import('./designs/mark-first.js'),
  },
  {
    name: 'two-relays',
    title: 'Two relays without claims',
    wrong: 'locks the rows of a batch with SKIP LOCKED, in as many relays as there are instances',
    breaks: ['I5'],
    faults: ['broker'],
    ...LONG,
    design: () => import('./designs/two-relays.js'),
  },
  {
    name: 'id-cursor',
    title: 'An `id > last` poller',
    wrong: 'reads the outbox from where it left off',
    breaks: ['I1', 'I9'],
    faults: [],
    ...SHORT,
    design: () => import('./designs/id-cursor.js'),
  },
  {
    name: 'acks-0',
    title: 'acks = 0',
    wrong: 'takes a record for sent when it is in the socket',
    breaks: ['I1', 'I9'],
    faults: ['broker'],
    ...LONG,
    design: () => import('./designs/acks-0.js'),
  },
  {
    name: 'auto-commit',
    title: 'Auto-commit before the effect',
    wrong: 'commits the offset when records are handed out, and logs what fails',
    breaks: ['I1', 'I6', 'I7', 'I9'],
    faults: ['database'],
    ...LONG,
    design: () => import('./designs/auto-commit.js'),
  },
  {
    name: 'inbox-outside',
    title: 'The inbox row outside the transaction',
    wrong: 'writes the dedup row through a connection of its own, then runs the effect',
    breaks: ['I1', 'I9'],
    faults: ['database'],
    ...LONG,
    design: () => import('./designs/inbox-outside.js'),
  },
  {
    name: 'shared-inbox-key',
    title: 'A shared inbox key for two consumers',
    wrong: 'lets two consumers of one database share the key under which handled events are kept',
    breaks: ['I1', 'I8', 'I9'],
    faults: [],
    ...SHORT,
    design: () => import('./designs/shared-inbox-key.js'),
  },
  {
    name: 'retry-topic',
    title: 'A retry topic that loses order',
    wrong: 'sends what fails to a retry topic and goes on with the next',
    breaks: ['I5'],
    faults: ['database'],
    ...LONG,
    design: () => import('./designs/retry-topic.js'),
  },
  {
    name: 'short-dedup-window',
    title: 'A dedup window shorter than a replay',
    wrong: 'forgets what it has handled before the last copy can come',
    breaks: ['I2', 'I11'],
    faults: [],
    ...SHORT,
    replay: true,
    design: () => import('./designs/short-dedup-window.js'),
  },
];

/** @throws Error that names all exhibits */
export function exhibitNamed(name: string): Exhibit {
  const found = exhibits.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`expected one of ${exhibits.map((each) => each.name).join(', ')}, got ${name}`);
  }
  return found;
}
