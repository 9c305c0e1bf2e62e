import { services } from '@waybill/contracts';
import { KAFKA_LINK, type LinkEnd, type PlatformNetwork } from './network.js';

/** What is done to a link. `questions` are what a service sends, `answers` what comes back to it. */
export type Disturbance =
  | { readonly does: 'delay'; readonly ms: number }
  | { readonly does: 'cut' }
  /** With `reset`, a connection on which something was lost breaks in the end; else what was lost arrives late. */
  | { readonly does: 'lose'; readonly what: 'questions' | 'answers' | 'both'; readonly reset: boolean }
  /** The connections that are there are dead and do not know it; new ones work. */
  | { readonly does: 'forget' }
  | { readonly does: 'slow-close'; readonly ms: number };

export interface NetworkFaultPlan {
  /** The name of a link. */
  readonly target: string;
  readonly disturbance: Disturbance;
  readonly durationMs: number;
}

/** A fault that can be made and taken back. */
export interface NetworkFault {
  readonly kind: 'network';
  readonly target: string;
  readonly detail: string;
  inject(): Promise<void>;
  heal(): Promise<void>;
}

/** From 0, below 1. */
export type Random = () => number;

const DELAY_MS = { from: 50, to: 400 };
const CLOSE_DELAY_MS = { from: 500, to: 3_000 };
const DURATION_MS = { from: 2_000, to: 6_000 };

type Draw = (random: Random) => Disturbance;

const delay: Draw = (random) => ({ does: 'delay', ms: between(DELAY_MS, random) });
const cut: Draw = () => ({ does: 'cut' });
const forget: Draw = () => ({ does: 'forget' });
const slowClose: Draw = (random) => ({ does: 'slow-close', ms: between(CLOSE_DELAY_MS, random) });
const lose =
  (what: 'questions' | 'answers' | 'both'): Draw =>
  (random) => ({ does: 'lose', what, reset: random() < 0.5 });

/** What there is to try between a service and each of its servers. */
const deck: Readonly<Record<LinkEnd, readonly Draw[]>> = {
  postgres: [delay, cut, lose('answers'), lose('questions'), forget, slowClose],
  kafka: [delay, cut, lose('answers'), lose('questions'), forget, slowClose],
  carrier: [delay, cut, lose('answers'), lose('both')],
};
const cards = Object.entries(deck).flatMap(([to, draws]) => draws.map((draw) => ({ to: to as LinkEnd, draw })));

/**
 * Network faults without end: each of the deck once, in an order and on a link of chance, then all of them again. The same
 * random numbers give the same faults.
 */
export function* networkFaults(random: Random, instances: number): Generator<NetworkFaultPlan, never> {
  for (;;) {
    for (const { to, draw } of shuffled(cards, random)) {
      const targets = linksTo(to, instances);
      yield {
        target: targets[Math.floor(random() * targets.length)] ?? KAFKA_LINK,
        disturbance: draw(random),
        durationMs: between(DURATION_MS, random),
      };
    }
  }
}

/** A plan put to work on the network of a platform that runs. */
export function networkFault({ target, disturbance }: NetworkFaultPlan, network: PlatformNetwork): NetworkFault {
  return {
    kind: 'network',
    target,
    detail: describe(disturbance),
    inject: async () => {
      const { proxy } = network.link(target);
      switch (disturbance.does) {
        case 'delay':
          return proxy.delay(disturbance.ms);
        case 'cut':
          return proxy.cut();
        case 'lose':
          return proxy.blackhole(directions[disturbance.what]);
        case 'forget':
          return proxy.forget();
        case 'slow-close':
          return proxy.slowClose(disturbance.ms);
      }
    },
    heal: async () => network.link(target).proxy.heal({ reset: disturbance.does === 'lose' && disturbance.reset }),
  };
}

const directions = { questions: 'up', answers: 'down', both: 'both' } as const;

function linksTo(to: LinkEnd, instances: number): string[] {
  if (to === 'kafka') {
    return [KAFKA_LINK];
  }
  const callers = to === 'carrier' ? (['shipping'] as const) : services;
  return callers.flatMap((name) => Array.from({ length: instances }, (_, index) => `${name}-${index + 1} -> ${to}`));
}

function describe(disturbance: Disturbance): string {
  switch (disturbance.does) {
    case 'delay':
      return `everything ${disturbance.ms} ms late`;
    case 'cut':
      return 'cut: every connection reset, new ones refused';
    case 'lose':
      return `${disturbance.what === 'both' ? 'questions and answers' : disturbance.what} lost${disturbance.reset ? ', then reset' : ', then late'}`;
    case 'forget':
      return 'open connections fall silent';
    case 'slow-close':
      return `connections close ${disturbance.ms} ms late`;
  }
}

function between({ from, to }: { readonly from: number; readonly to: number }, random: Random): number {
  return Math.round(from + random() * (to - from));
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
