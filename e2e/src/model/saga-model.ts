import { consumers, type Service, services } from '@waybill/contracts';
import type {
  CarrierAnswer,
  OrderEvent,
  OrderStatus,
  ReservationInput,
  ReservationState,
  SagaEvent,
  SagaRules,
  ShipmentEvent,
  ShipmentInput,
  ShipmentState,
  StockEvent,
} from './saga-rules.js';
import type { Machine, Move } from './state-walk.js';

/*
 * The saga without Kafka, Postgres and HTTP: three services that read one another's topics, a carrier, workers that call
 * it, and everything that may come in between at any moment.
 *
 * The rules are the services' own, handed in. What stands here is what the use cases do with a step, and the world:
 *
 * - A topic keeps the events of an order in their order; topics among themselves are free. Where `topicOrder` is `lost`,
 *   events of one topic overtake one another, too: more than Kafka does, as much as an operator can who retries late.
 * - Any event that was read may be read again at any time, and no inbox drops it: the tables alone must cope.
 * - The customer cancels and the deadline passes at any time, any number of times.
 * - Two workers: a lease runs out at any time, a worker dies at any time, and one that outlives its lease goes on.
 * - The carrier's answer may get lost whether or not it did something; what it said of a key it says again.
 */

export interface World {
  /** Pieces wanted by each order; the orders share one SKU. */
  readonly quantities: readonly number[];
  readonly onHand: number;
  readonly workers: number;
  readonly topicOrder: 'kept' | 'lost';
  /** `none`: no call to the carrier gets lost, and no worker dies or is late. */
  readonly trouble: 'any' | 'none';
  /** An event that an operator has discarded for this reader: it has no effect there, and the deadline has to help. */
  readonly discarded?: { readonly reader: Service; readonly event: SagaEvent };
}

export interface SagaState {
  readonly stock: { readonly onHand: number; readonly reserved: number; readonly shipped: number };
  readonly stories: readonly Story[];
}

/** What a worker has in hand: a call on its way, or an answer that is not stored yet. */
export type InHand = 'nothing' | 'a POST' | 'a DELETE' | 'no answer' | CarrierAnswer;

/** All that belongs to one order. */
export interface Story {
  readonly order: OrderStatus;
  readonly reservation: ReservationState;
  readonly shipment: ShipmentState;
  /** What the carrier knows of the shipment's key; `collected` can no longer be deleted. */
  readonly label: 'none' | 'active' | 'refused' | 'deleted' | 'collected';
  /** The worker whose answer counts. */
  readonly lease: number | null;
  readonly workers: readonly InHand[];
  readonly topics: {
    readonly orders: readonly OrderEvent[];
    readonly inventory: readonly StockEvent[];
    readonly shipping: readonly ShipmentEvent[];
  };
  /** For each subscription, the events that were read: one bit each. */
  readonly read: readonly number[];
}

/** Who reads whose topic. */
const subscriptions: readonly (readonly [reader: Service, topic: Service])[] = services.flatMap((reader) =>
  consumers[reader].map((publisher) => [reader, publisher] as const),
);

/** More of one topic about one order than any story has: somebody announces without end. */
const EVENTS_MAX = 8;
const OPEN: readonly ShipmentState[] = ['REQUESTED', 'CANCELLING'];

export function sagaMachine(rules: SagaRules, world: World): Machine<SagaState> {
  return {
    initial: {
      stock: { onHand: world.onHand, reserved: 0, shipped: 0 },
      stories: world.quantities.map(() => ({
        order: 'PLACED',
        reservation: 'NONE',
        shipment: 'NONE',
        label: 'none',
        lease: null,
        workers: Array.from({ length: world.workers }, () => 'nothing' as const),
        topics: { orders: ['order.placed'], inventory: [], shipping: [] },
        read: subscriptions.map(() => 0),
      })),
    },
    *moves(state) {
      for (const [index, story] of state.stories.entries()) {
        const who = state.stories.length > 1 ? `order ${index + 1}: ` : '';
        const setting: Setting = { rules, world, stock: state.stock, story, quantity: world.quantities[index] ?? 0 };
        for (const { what, next, optional = false } of storyMoves(setting)) {
          const stories = state.stories.map((each, at) => (at === index ? next.story : each));
          yield { what: who + what, next: { stock: next.stock, stories }, optional };
        }
      }
    },
    problem: (state) => problemOf(state, world),
    isEnd: ({ stories }) => stories.every((story) => isOver(story, world)),
  };
}

interface Setting {
  readonly rules: SagaRules;
  readonly world: World;
  readonly stock: SagaState['stock'];
  readonly story: Story;
  readonly quantity: number;
}

type After = Pick<Setting, 'stock' | 'story'>;

function* storyMoves(setting: Setting): Generator<Move<After>> {
  yield* deliveries(setting);
  for (const input of ['cancel', 'deadline'] as const) {
    const story = orderTakes(setting, input);
    if (story !== setting.story) {
      const isOwed = input === 'deadline' && setting.world.discarded !== undefined;
      const what = input === 'cancel' ? 'the customer cancels' : 'the deadline passes';
      yield { what, next: { stock: setting.stock, story }, optional: !isOwed };
    }
  }
  yield* carrierMoves(setting);
}

function* deliveries(setting: Setting): Generator<Move<After>> {
  const { story, world } = setting;
  for (const [at, [reader, topic]] of subscriptions.entries()) {
    const read = story.read[at] ?? 0;
    let mayCome = true;
    for (const [offset, event] of story.topics[topic].entries()) {
      const isRead = (read & (1 << offset)) !== 0;
      if (!isRead && !mayCome) {
        continue;
      }
      const after = handle(setting, reader, event);
      const marked = story.read.map((bits, index) => (index === at ? bits | (1 << offset) : bits));
      if (!isRead || after.story !== story) {
        const next = { stock: after.stock, story: { ...after.story, read: marked } };
        yield { what: `${reader} reads ${event}${isRead ? ' again' : ''}`, next, optional: isRead };
      }
      if (!isRead && world.topicOrder === 'kept') {
        mayCome = false;
      }
    }
  }
}

function handle(setting: Setting, reader: Service, event: SagaEvent): After {
  const { story, stock, world } = setting;
  if (world.discarded?.reader === reader && world.discarded.event === event) {
    return { stock, story };
  }
  switch (reader) {
    case 'orders':
      return { stock, story: orderTakes(setting, event as StockEvent | ShipmentEvent) };
    case 'inventory':
      return isOneOf(event, ['order.placed', 'order.cancelled', 'shipment.dispatched'])
        ? reservationTakes(setting, event)
        : { stock, story };
    case 'shipping':
      return isOneOf(event, ['order.confirmed', 'order.cancellation-requested'])
        ? { stock, story: shipmentTakes(setting, event) }
        : { stock, story };
  }
}

/** A subscription's table: what does not stand in it is none of the reader's business. */
function isOneOf<E extends SagaEvent>(event: SagaEvent, table: readonly E[]): event is E {
  return (table as readonly SagaEvent[]).includes(event);
}

function orderTakes({ rules, story }: Setting, input: Parameters<SagaRules['order']>[1]): Story {
  const step = rules.order(story.order, input);
  if (step.kind !== 'become') {
    return story;
  }
  const topics = { ...story.topics, orders: [...story.topics.orders, step.announce] };
  return { ...story, order: step.status, topics };
}

function reservationTakes({ rules, story, stock, quantity }: Setting, input: ReservationInput): After {
  const announced = (reservation: ReservationState, event: StockEvent): Story => ({
    ...story,
    reservation,
    topics: { ...story.topics, inventory: [...story.topics.inventory, event] },
  });
  const { onHand, reserved, shipped } = stock;
  switch (rules.reservation(story.reservation, input).kind) {
    case 'reserve':
      return rules.suffices(quantity, stock)
        ? { stock: { ...stock, reserved: reserved + quantity }, story: announced('RESERVED', 'stock.reserved') }
        : { stock, story: announced('REJECTED', 'stock.rejected') };
    case 'release':
      return { stock: { ...stock, reserved: reserved - quantity }, story: announced('RELEASED', 'stock.released') };
    case 'tombstone':
      return { stock, story: { ...story, reservation: 'RELEASED' } };
    case 'ship':
      return {
        stock: { onHand: onHand - quantity, reserved: reserved - quantity, shipped: shipped + quantity },
        story: announced('SHIPPED', 'stock.shipped'),
      };
    case 'ignore':
    case 'stale':
      return { stock, story };
  }
}

function shipmentTakes({ rules, story }: Pick<Setting, 'rules' | 'story'>, input: ShipmentInput): Story {
  const step = rules.shipment(story.shipment, input);
  switch (step.kind) {
    case 'become': {
      const topics = { ...story.topics, shipping: [...story.topics.shipping, step.announce] };
      return { ...story, shipment: step.status, lease: null, topics };
    }
    case 'want-cancel':
      return { ...story, shipment: 'CANCELLING' };
    case 'delete-label':
    case 'ignore':
    case 'stale':
      return story;
  }
}

function* carrierMoves(setting: Setting): Generator<Move<After>> {
  const { story, stock, world } = setting;
  const calm = world.trouble === 'none';
  const to = (what: string, next: Story): Move<After> => ({ what, next: { stock, story: next } });
  if (story.lease !== null && !calm) {
    yield to('the lease runs out', { ...story, lease: null });
  }
  for (const [worker, inHand] of story.workers.entries()) {
    const name = `worker ${worker + 1}`;
    const holding = (what: InHand, change: Partial<Story> = {}): Story => ({
      ...story,
      ...change,
      workers: story.workers.map((each, at) => (at === worker ? what : each)),
    });
    if (inHand === 'nothing') {
      if (story.lease === null && OPEN.includes(story.shipment)) {
        yield to(`${name} takes the lease and asks for the label`, holding('a POST', { lease: worker }));
      }
      continue;
    }
    if (!calm) {
      yield to(`${name} dies`, holding('nothing'));
    }
    if (inHand === 'a POST' || inHand === 'a DELETE') {
      for (const [answer, label] of inHand === 'a POST' ? postAnswers(story.label) : deleteAnswers(story.label)) {
        if (calm && answer === 'no answer') {
          continue;
        }
        yield to(`${name} hears of ${inHand}: ${answer} (label ${label})`, holding(answer, { label }));
      }
      continue;
    }
    yield to(`${name} stores ${inHand}`, stored(setting, worker, inHand, holding));
  }
}

/** What the use case does with an answer: only the one who holds the lease is heard. */
function stored(
  { rules, story }: Setting,
  worker: number,
  answer: CarrierAnswer | 'no answer',
  holding: (what: InHand, change?: Partial<Story>) => Story,
): Story {
  if (story.lease !== worker) {
    return holding('nothing');
  }
  if (answer === 'no answer') {
    return holding('nothing', { lease: null });
  }
  if (rules.shipment(story.shipment, answer).kind === 'delete-label') {
    return holding('a DELETE');
  }
  return shipmentTakes({ rules, story: holding('nothing') }, answer);
}

type Label = Story['label'];

/** A key is decided once. Unknown, with or without an effect, is always possible. */
function postAnswers(label: Label): (readonly [InHand, Label])[] {
  switch (label) {
    case 'none':
      return [
        ['label.granted', 'active'],
        ['label.refused', 'refused'],
        ['no answer', 'active'],
        ['no answer', 'none'],
      ];
    case 'active':
    case 'collected':
      return [
        ['label.granted', label],
        ['no answer', label],
      ];
    case 'refused':
    case 'deleted':
      return [
        ['label.refused', label],
        ['no answer', label],
      ];
  }
}

/** 404 is as good as deleted; a parcel that was collected stays so. */
function deleteAnswers(label: Label): (readonly [InHand, Label])[] {
  switch (label) {
    case 'active':
      return [
        ['label.deleted', 'deleted'],
        ['deletion.refused', 'collected'],
        ['no answer', 'deleted'],
        ['no answer', 'active'],
      ];
    case 'collected':
      return [
        ['deletion.refused', label],
        ['no answer', label],
      ];
    case 'none':
    case 'refused':
    case 'deleted':
      return [
        ['label.deleted', label],
        ['no answer', label],
      ];
  }
}

/** Everything was read, nobody has anything in hand, the carrier need not be asked, and no deadline is waited for. */
function isOver({ order, topics, read, workers, shipment }: Story, { discarded }: World): boolean {
  if (discarded !== undefined && (order === 'PLACED' || order === 'CONFIRMED')) {
    return false;
  }
  const isRead = subscriptions.every(([, topic], at) => read[at] === (1 << topics[topic].length) - 1);
  return isRead && workers.every((inHand) => inHand === 'nothing') && !OPEN.includes(shipment);
}

/** Ends as they may be: the three states together, and what the carrier may believe of the label then. */
const ends: readonly { readonly states: string; readonly labels: readonly Label[] }[] = [
  { states: 'SHIPPED SHIPPED DISPATCHED', labels: ['active', 'collected'] },
  { states: 'REJECTED REJECTED NONE', labels: ['none'] },
  { states: 'CANCELLED REJECTED NONE', labels: ['none'] },
  { states: 'CANCELLED RELEASED NONE', labels: ['none'] },
  { states: 'CANCELLED RELEASED FAILED', labels: ['refused'] },
  { states: 'CANCELLED RELEASED CANCELLED', labels: ['none', 'refused', 'deleted'] },
];
export const allowedEnds: readonly string[] = ends.map(({ states }) => states);

/** Order, reservation and shipment, in a word each. */
export function statesOf({ order, reservation, shipment }: Story): string {
  return `${order} ${reservation} ${shipment}`;
}

function problemOf({ stock, stories }: SagaState, world: World): string | undefined {
  const { onHand: initial, quantities } = world;
  const { onHand, reserved, shipped } = stock;
  const held = stories.reduce(
    (sum, { reservation }, index) => sum + (reservation === 'RESERVED' ? (quantities[index] ?? 0) : 0),
    0,
  );
  if (onHand + shipped !== initial) {
    return `stock is not conserved: ${initial} pieces at first, ${onHand} on hand and ${shipped} shipped now`;
  }
  if (reserved < 0 || reserved > onHand) {
    return `${reserved} of ${onHand} pieces are reserved`;
  }
  if (reserved !== held) {
    return `${reserved} pieces are reserved, and the orders hold ${held}`;
  }
  for (const story of stories) {
    const problem = problemOfStory(story) ?? (isOver(story, world) ? problemOfEnd(story) : undefined);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function problemOfStory({ topics }: Story): string | undefined {
  for (const events of Object.values(topics) as (readonly SagaEvent[])[]) {
    const twice = events.find((event, index) => events.indexOf(event) !== index);
    if (twice !== undefined) {
      return `${twice} happens twice`;
    }
    const final = events.findIndex((event) => FINAL.includes(event));
    if (final !== -1 && final !== events.length - 1) {
      return `${String(events[final + 1])} follows ${String(events[final])}, which was final`;
    }
    if (events.length > EVENTS_MAX) {
      return 'somebody announces without end';
    }
  }
  return undefined;
}

const FINAL: readonly SagaEvent[] = [
  'order.rejected',
  'order.cancelled',
  'order.shipped',
  'stock.rejected',
  'stock.released',
  'stock.shipped',
  'shipment.dispatched',
  'shipment.failed',
  'shipment.cancelled',
];

function problemOfEnd(story: Story): string | undefined {
  const states = statesOf(story);
  const end = ends.find((each) => each.states === states);
  if (end === undefined) {
    return `the story ends with order, reservation and shipment ${states}`;
  }
  return end.labels.includes(story.label) ? undefined : `the story ends ${states} with a label that is ${story.label}`;
}
