import { SetUpError } from './set-up-error.js';
import type { InfrastructureKind } from './stack-settings.js';

export interface Choice {
  readonly kafka: InfrastructureKind;
  readonly postgres: InfrastructureKind;
}

export type ServerName = keyof Choice;

export interface ChoiceFacts {
  /** WAYBILL_INFRA. */
  readonly wanted?: InfrastructureKind;
  /** Which servers the environment names. */
  readonly named: Readonly<Record<ServerName, boolean>>;
  /** What the last start in this home took: its data lies there. */
  readonly remembered?: Choice;
  /** Asked only where it matters: asking takes time. */
  readonly docker: () => Promise<DockerState>;
}

/** `no-images`: an engine answers, but the images are neither there nor to be had. */
export type DockerState = 'ready' | 'no-images' | 'absent';

export interface Decision {
  readonly choice: Choice;
  /** One line for each server, for a person. */
  readonly reasons: Readonly<Record<ServerName, string>>;
}

const variables: Readonly<Record<ServerName, string>> = {
  kafka: 'WAYBILL_KAFKA_BROKERS',
  postgres: 'WAYBILL_ORDERS_DATABASE_URL, WAYBILL_INVENTORY_DATABASE_URL and WAYBILL_SHIPPING_DATABASE_URL',
};

/**
 * Where Kafka and Postgres come from: WAYBILL_INFRA decides it outright; else what the environment names, what the last
 * start took, a Docker engine, or programs of our own, in this order.
 */
export async function chooseInfrastructure(facts: ChoiceFacts): Promise<Decision> {
  const kafka = await choose('kafka', facts);
  const postgres = await choose('postgres', facts);
  return {
    choice: { kafka: kafka.kind, postgres: postgres.kind },
    reasons: { kafka: kafka.reason, postgres: postgres.reason },
  };
}

async function choose(server: ServerName, facts: ChoiceFacts): Promise<{ kind: InfrastructureKind; reason: string }> {
  const { wanted, named, remembered } = facts;
  if (wanted === 'external' && !named[server]) {
    throw new SetUpError(`WAYBILL_INFRA is external, but nothing says where ${server} is: set ${variables[server]}.`);
  }
  if (wanted === 'docker') {
    await requireDocker(facts, 'WAYBILL_INFRA is docker');
  }
  if (wanted !== undefined) {
    const ignored = wanted !== 'external' && named[server] ? `, so ${variables[server]} is not used` : '';
    return { kind: wanted, reason: `WAYBILL_INFRA says so${ignored}` };
  }
  if (named[server]) {
    return { kind: 'external', reason: `the environment names it` };
  }
  if (remembered !== undefined && remembered[server] !== 'external') {
    if (remembered[server] === 'docker') {
      await requireDocker(facts, `The data of ${server} lies in a Docker volume (the last start used Docker)`);
    }
    return { kind: remembered[server], reason: 'as at the last start' };
  }
  switch (await facts.docker()) {
    case 'ready':
      return { kind: 'docker', reason: 'a Docker engine answers' };
    case 'no-images':
      return { kind: 'embedded', reason: 'a Docker engine answers, but its images are neither there nor to be had' };
    case 'absent':
      return { kind: 'embedded', reason: 'no Docker engine answers' };
  }
}

async function requireDocker(facts: ChoiceFacts, because: string): Promise<void> {
  const instead = 'or run without it: WAYBILL_INFRA=embedded npm start (with data of its own)';
  switch (await facts.docker()) {
    case 'ready':
      return;
    case 'no-images':
      throw new SetUpError(`${because}, but the images are neither there nor to be had. Pull them, ${instead}.`);
    case 'absent':
      throw new SetUpError(`${because}, but no Docker engine answers. Start it, ${instead}.`);
  }
}
