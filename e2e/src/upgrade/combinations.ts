import { type Service, services } from '@waybill/contracts';

/** What the two instances of a service run: both the older version, one each, or both the newer. */
export type Mix = 'older' | 'both' | 'newer';

/** Which schema orders stands on: that of the older version, one that both can work with, or what the contract left. */
export type SchemaStage = 'older' | 'shared' | 'newer';

export interface Combination {
  readonly schema: SchemaStage;
  readonly mix: Readonly<Record<Service, Mix>>;
}

/** In the order in which they follow one another: a schema goes forward only. */
const stages: readonly SchemaStage[] = ['older', 'shared', 'newer'];

/**
 * Every pair of services in both directions, one of the older version and one of the newer, while the third runs both; all
 * of them mixed; and the ends. With `schemas`, also on the schema of before, where orders is not upgraded yet, and on that
 * after the contract, where no instance of before is left of it.
 */
export function combinations({ schemas }: { readonly schemas: boolean }, only = ''): Combination[] {
  const all = schemas ? stages.flatMap((schema) => on(schema)) : on('newer', { restricted: false });
  return all.filter((combination) => nameOf(combination).includes(only));
}

function on(schema: SchemaStage, { restricted = true }: { readonly restricted?: boolean } = {}): Combination[] {
  const pairs = services.flatMap((older) =>
    services.filter((newer) => newer !== older).map((newer) => mixOf((service) => (service === older ? 'older' : service === newer ? 'newer' : 'both'))),
  );
  const mixes = [mixOf(() => 'older'), ...pairs, mixOf(() => 'both'), mixOf(() => 'newer')];
  return mixes.map((mix) => ({ schema, mix })).filter(({ mix }) => !restricted || fits(schema, mix.orders));
}

/** What the schema demands of orders: a version that does not know it is not ready. */
function fits(schema: SchemaStage, orders: Mix): boolean {
  switch (schema) {
    case 'older':
      return orders === 'older';
    case 'shared':
      return true;
    case 'newer':
      return orders === 'newer';
  }
}

function mixOf(mix: (service: Service) => Mix): Combination['mix'] {
  return { orders: mix('orders'), inventory: mix('inventory'), shipping: mix('shipping') };
}

/** `orders older, inventory newer, shipping both`. */
export function nameOf({ schema, mix }: Combination): string {
  return `${services.map((service) => `${service} ${mix[service]}`).join(', ')}; schema ${schema}`;
}
