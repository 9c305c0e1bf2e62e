import { type EventData, eventSchemas, type EventType, type NewEvent } from './events.js';
import { FIRST_CARRIER } from './shipping.js';

/*
 * An event that changed in a way older consumers cannot read lives in two types: `….v1` and `….v2`.
 *
 * - Consumers go first. A handler is written for v2; what comes as v1 is read as v2 through the upcaster here.
 * - Producers write v2, too, and what they wrote goes out in the version that `emittedVersions` says: v1, until every
 *   consumer reads v2. Then that one number changes, and no other code.
 */

interface NextVersion<Older extends EventType, Newer extends EventType> {
  readonly newer: Newer;
  /** Total: what the older version did not say gets the value that was true when it was written. */
  readonly upcast: (data: EventData<Older>) => EventData<Newer>;
  /** What the older version cannot say is left out. Needed for as long as the older version is emitted. */
  readonly downcast: (data: EventData<Newer>) => EventData<Older>;
}

/** From each version of an event to the next one, and back. */
const nextVersions: { readonly [Older in EventType]?: { readonly [Newer in EventType]: NextVersion<Older, Newer> }[EventType] } = {
  'waybill.shipment.dispatched.v1': {
    newer: 'waybill.shipment.dispatched.v2',
    upcast: ({ labelId, trackingCode, ...same }) => ({ ...same, carrier: FIRST_CARRIER, label: { id: labelId, trackingCode } }),
    downcast: ({ orderId, shipmentId, label }) => ({ orderId, shipmentId, labelId: label.id, trackingCode: label.trackingCode }),
  },
};

/** Which version producers emit, for each event that has several. The one place; the tests hold it to what consumers read. */
export const emittedVersions: Readonly<Record<string, number>> = {
  'waybill.shipment.dispatched': 1,
};

/** Types that were published once and are gone: no record of them is left in any topic, archive or database. */
export const retiredTypes: readonly string[] = [];

type NameOf<T extends EventType> = T extends `${infer Name}.v${number}` ? Name : never;
type VersionsOf<T extends EventType> = Extract<EventType, `${NameOf<T>}.v${number}`>;
/** A union of pairs, type with data, so that the compiler sees them parted. */
type NewEventIn<Version extends EventType> = Version extends EventType ? NewEvent<Version> : never;

/** A type's name without its version, and the version: `waybill.order.placed.v2` is `waybill.order.placed`, 2. */
export function versionOf(type: string): { readonly name: string; readonly version: number } | undefined {
  const match = /^(.+)\.v(\d{1,4})$/.exec(type);
  return match?.[1] === undefined ? undefined : { name: match[1], version: Number(match[2]) };
}

/**
 * As what a consumer reads an event of this type: the newest version that it handles, and that upcasters lead to.
 * `undefined` when it handles none of them.
 */
export function readAs(type: EventType, handles: (version: EventType) => boolean): EventType | undefined {
  let newest: EventType | undefined;
  for (let version: EventType | undefined = type; version !== undefined; version = nextVersions[version]?.newer) {
    newest = handles(version) ? version : newest;
  }
  return newest;
}

/** Reads data of one version as a newer one, step by step. */
export function upcast(data: unknown, from: EventType, to: EventType): unknown {
  return stepsBetween(from, to).reduce((read, { upcast: step }) => step(read), data);
}

/** The event in the version that its producer emits now. Write the newest version, and append what this returns. */
export function asEmitted<T extends EventType>(event: NewEvent<T>): NewEventIn<VersionsOf<T>> {
  const type = emittedTypeOf(event.type);
  const data = stepsBetween(type, event.type).reduceRight<unknown>((written, { downcast }) => downcast(written), event.data);
  const emitted: unknown = { ...event, type, data };
  return emitted as NewEventIn<VersionsOf<T>>;
}

/** True for the one version of an event that is written now; the others are only read. */
export function isEmitted(type: EventType): boolean {
  return emittedTypeOf(type) === type;
}

/** Without a word in `emittedVersions`, the oldest: it is what every consumer reads. */
function emittedTypeOf(type: EventType): EventType {
  const name = versionOf(type)?.name ?? type;
  const versions = (Object.keys(eventSchemas) as EventType[])
    .filter((candidate) => versionOf(candidate)?.name === name)
    .sort((a, b) => numberOf(a) - numberOf(b));
  const emitted = emittedVersions[name];
  return versions.find((candidate) => numberOf(candidate) === emitted) ?? versions[0] ?? type;
}

function numberOf(type: EventType): number {
  return versionOf(type)?.version ?? 0;
}

/** The table's pairs are checked where they are written; along a path the types of their data are lost. */
interface Step {
  readonly newer: EventType;
  readonly upcast: (data: unknown) => unknown;
  readonly downcast: (data: unknown) => unknown;
}

function stepsBetween(older: EventType, newer: EventType): Step[] {
  const steps: Step[] = [];
  for (let version = older; version !== newer; ) {
    const step = nextVersions[version] as Step | undefined;
    if (step === undefined) {
      throw new TypeError(`Nothing leads from ${older} up to ${newer}: add the step to nextVersions, and write the newest version.`);
    }
    steps.push(step);
    version = step.newer;
  }
  return steps;
}
