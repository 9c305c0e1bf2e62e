import type { EventType, ReceivedEvent } from '@waybill/contracts';

/** Resolves when the event is done with; `inbox.once` gives the right thing. An error brings the event again. */
export type EventHandler<T extends EventType> = (event: ReceivedEvent<T>) => Promise<unknown>;

/** What a service does on which event. A type that is not in the table is none of its business, and counts as done. */
export type SubscriptionTable = { readonly [T in EventType]?: EventHandler<T> };

/** A provider of the service that holds its table; its class is what `WaybillModule.forService` is given. */
export interface Subscriptions {
  readonly table: SubscriptionTable;
}

/** Something that works in the background, such as the loop that calls the carrier. Started when the database is there. */
export interface BackgroundWorker {
  readonly name: string;
  /** Returns at once; errors are the worker's own to survive. */
  start(): void;
  /** Resolves when what was in hand is done. */
  stop(): Promise<void>;
}
