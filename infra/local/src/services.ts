import { services } from '@waybill/contracts';

/** The programs of the platform in the order in which they are shown; the carrier stands in for the world outside. */
export const programs = ['carrier', ...services] as const;
export type ProgramName = (typeof programs)[number];

export const defaultPorts: Readonly<Record<ProgramName, number>> = {
  orders: 3001,
  inventory: 3002,
  shipping: 3003,
  carrier: 3004,
};

/** Where one instance of a program listens. */
export interface Slot {
  readonly name: ProgramName;
  /** From 1. */
  readonly instance: number;
  readonly port: number;
  readonly url: string;
}

const PORTS_BETWEEN_INSTANCES = 100;

/** Every process of the stack. There is one carrier, whatever the number of instances: it remembers labels in a file. */
export function slotsOf(
  ports: Readonly<Record<ProgramName, number>>,
  portOffset: number,
  instances: number,
): readonly Slot[] {
  return programs.flatMap((name) =>
    Array.from({ length: name === 'carrier' ? 1 : instances }, (_, index) => {
      const port = ports[name] + portOffset + PORTS_BETWEEN_INSTANCES * index;
      return { name, instance: index + 1, port, url: `http://127.0.0.1:${port}` };
    }),
  );
}

/** `orders`, or `orders.2` where there are several. */
export function labelOf({ name, instance }: Pick<Slot, 'name' | 'instance'>): string {
  return instance === 1 ? name : `${name}.${instance}`;
}
