import type { ConsumedRecord, EventConsumer } from '@waybill/kafka';
import { KafkaClient } from '@waybill/kafka';
import type { ClientInside } from '../second-consumer.js';
import { swap } from '../swap.js';

interface Fetched {
  readonly records: readonly ConsumedRecord[];
  commit(offset: string): Promise<void>;
}

const CHUNK = 100;

/*
 * The offset is committed when the records are handed out, not when they are done with.
 *
 * It looks right because it is the default: enable.auto.commit commits what poll() has returned, whatever becomes of it.
 * A process that dies with records in hand has told Kafka that they are done. So has one whose handler failed and whose
 * catch block wrote a line into the log.
 *
 * Who: the OpenTelemetry demo's consumers (auto-commit, errors swallowed); eShop acknowledges after a failed handler.
 */
export function install(): void {
  const { consumer } = swap<ClientInside>(KafkaClient, {
    consumer(options): EventConsumer {
      const own = consumer.call(this, options);
      return Object.assign(own, {
        async workThrough({ records, commit }: Fetched): Promise<void> {
          const last = records.at(-1);
          if (last === undefined) {
            return;
          }
          await commit(String(BigInt(last.offset) + 1n));
          for (let from = 0; from < records.length; from += CHUNK) {
            await options.handle(records.slice(from, from + CHUNK)).catch((error: unknown) => {
              console.error('an event could not be handled', error);
            });
          }
        },
      });
    },
  });
}
