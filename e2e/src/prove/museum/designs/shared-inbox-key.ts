import type { EventType } from '@waybill/contracts';
import { IdempotentConsumer, RetryWorker, type RetryWorkerOptions } from '@waybill/inbox';
import { replaceConsumers } from '../second-consumer.js';
import { swap } from '../swap.js';

interface WorkerInside {
  readonly options: RetryWorkerOptions;
  start(): void;
}

const SENT_ON = new Set<EventType>(['waybill.shipment.dispatched.v2', 'waybill.shipment.failed.v1']);

/*
 * Two consumers in one database that share the key of the inbox: the event's id, and nothing of who has handled it.
 *
 * It looks right because an event's id is unique. Then a colleague adds a second consumer: here orders also writes a
 * mail when a parcel leaves. Whichever of the two is quicker writes the row; the other one takes the event for a copy.
 * Each of them works perfectly as long as it is alone, and so in each of their tests.
 *
 * Who: NServiceBus warns of it: endpoints that share an outbox table lose messages (hence its table prefix).
 */
export function install(): void {
  let handling: RetryWorkerOptions | undefined;
  const { start } = swap<WorkerInside>(RetryWorker, {
    start() {
      handling = this.options;
      start.call(this);
    },
  });

  let mails: IdempotentConsumer | undefined;
  replaceConsumers((own) => {
    if (own.group !== 'waybill-orders') {
      return { own };
    }
    return {
      own,
      second: {
        ...own,
        group: 'waybill-orders-mails',
        handle: async (records) => {
          mails ??= handling && mailsBeside(handling);
          await mails?.handle(records);
        },
      },
    };
  });
}

/** With the `consumer` of orders: that is the mistake. */
function mailsBeside(handling: RetryWorkerOptions): IdempotentConsumer {
  const { subscription, log } = handling;
  return new IdempotentConsumer({
    ...handling,
    counted: () => undefined,
    subscription: {
      read: (record) => {
        const reading = subscription.read(record);
        return reading.kind !== 'event' || SENT_ON.has(reading.event.type)
          ? reading
          : { kind: 'ignored', type: reading.event.type };
      },
      effect: async (_manager, event) => log.info('a mail to the customer', { about: event.type, order: event.data.orderId }),
    },
  });
}
