/** Ways in which a process is beyond mending though it runs: what liveness is for. */
export interface Pathology {
  readonly name: string;
  /** What a person would say of it. */
  readonly what: string;
  /** Loads the design; `install` changes the service before it starts, and answers what makes it fall ill. */
  readonly design: () => Promise<{ install(): () => void }>;
}

export const pathologies = [
  {
    name: 'lost-promise',
    what: 'the effect of an event never settles: nobody resolves its promise',
    design: () => import('./designs/lost-promise.js'),
  },
  {
    name: 'blocked-loop',
    what: 'the event loop is blocked by a computation',
    design: () => import('./designs/blocked-loop.js'),
  },
  {
    name: 'dead-relay',
    what: 'the loop of the relay waits for ever, while its leases are renewed beside it',
    design: () => import('./designs/dead-relay.js'),
  },
  {
    name: 'lost-membership',
    what: 'the Kafka client has left the consumer group, and has told nobody',
    design: () => import('./designs/lost-membership.js'),
  },
] as const satisfies readonly Pathology[];

export type PathologyName = (typeof pathologies)[number]['name'];

/** @throws Error when there is no such pathology */
export function pathologyNamed(name: string): Pathology {
  const found = pathologies.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`PROVE_PATHOLOGY should be one of ${pathologies.map((each) => each.name).join(', ')}; got "${name}"`);
  }
  return found;
}
