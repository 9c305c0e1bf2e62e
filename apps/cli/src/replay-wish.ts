import { ConfigError } from '@waybill/config';
import { consumers, publishers, type Service, services } from '@waybill/contracts';
import { type PartitionState, type ReplayPositions,replayPositions } from '@waybill/inbox';
import { KafkaClient, type PartitionLag } from '@waybill/kafka';
import { kafkaSettings } from '@waybill/local';
import { RefusedError, UnavailableError, UsageError } from './command-errors.js';
import type { Installation } from './installation.js';

export interface ReplayOptions {
  readonly topic: string;
  readonly 'from-time': Date | undefined;
  readonly 'from-offset': string | undefined;
  readonly partition: number | undefined;
}

/** What a replay would read again. */
export interface ReplayExtent {
  readonly positions: ReplayPositions;
  readonly partitions: readonly {
    readonly partition: number;
    /** The first record that is read again. */
    readonly from: string;
    /** What the consumer would have read next. */
    readonly to: string;
    readonly records: number;
  }[];
}

/** @throws UsageError when no such consumer exists, or when it does not read the topic */
export function consumerOf(operand: string | undefined, topic: string): Service {
  const consumer = services.find((service) => service === operand);
  if (consumer === undefined) {
    throw new UsageError(`CONSUMER should be one of ${services.join(', ')}; got "${operand ?? ''}".`);
  }
  const topics = consumers[consumer].map((publisher) => publishers[publisher].topic);
  if (!topics.includes(topic)) {
    throw new UsageError(`${consumer} reads ${topics.join(' and ')}; got --topic ${topic}.`);
  }
  return consumer;
}

/** @throws UsageError unless it says in exactly one way where to begin */
export function checkBeginning({ 'from-time': time, 'from-offset': offset }: ReplayOptions): void {
  if ((time === undefined) === (offset === undefined)) {
    throw new UsageError('Say where to begin: either --from-time TIME or --from-offset N.');
  }
}

/** The extent by what stands in the topic, and by how far the consumer has come. */
export function extentOf(
  lags: readonly Pick<PartitionLag, 'partition' | 'committed'>[],
  earliest: ReadonlyMap<number, string>,
  wanted: (partition: number) => string | undefined,
): ReplayExtent {
  const states: PartitionState[] = lags.map(({ partition, committed }) => {
    return { partition, committed, earliest: earliest.get(partition) ?? '0' };
  });
  const positions = replayPositions(states, wanted);
  return {
    positions,
    partitions: states.flatMap(({ partition, committed }) => {
      const from = positions[String(partition)];
      return from === undefined || committed === undefined
        ? []
        : [{ partition, from, to: committed, records: Number(BigInt(committed) - BigInt(from)) }];
    }),
  };
}

/** Asks Kafka for the extent. @throws RefusedError when the topic has no such partition */
export async function readExtent(consumer: Service, options: ReplayOptions, kafka: KafkaClient): Promise<ReplayExtent> {
  const { topic, partition, 'from-time': time, 'from-offset': offset } = options;
  const [lags, earliest, byTime] = await Promise.all([
    kafka.lagOf(groupOf(consumer), topic),
    kafka.offsetsFor(topic, 'earliest'),
    time === undefined ? undefined : kafka.offsetsFor(topic, time.getTime()),
  ]);
  if (partition !== undefined && !lags.some((lag) => lag.partition === partition)) {
    throw new RefusedError(`${topic} has the partitions 0 to ${lags.length - 1}; got --partition ${partition}.`);
  }
  return extentOf(lags, earliest, (each) => {
    return partition === undefined || partition === each ? (byTime?.get(each) ?? offset) : undefined;
  });
}

export function groupOf(consumer: Service): string {
  return `waybill-${consumer}`;
}

/** A client that keeps its trouble to itself: what matters of it comes as an error. @throws UnavailableError when Kafka does not answer, ConfigError when nothing says where it is */
export async function withKafka<T>(
  { brokers }: Installation,
  env: NodeJS.ProcessEnv,
  work: (kafka: KafkaClient) => Promise<T>,
): Promise<T> {
  if (brokers === undefined) {
    throw new ConfigError([{ name: 'WAYBILL_KAFKA_BROKERS', message: 'should be set: nothing else says where Kafka is.' }]);
  }
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const kafka = new KafkaClient({ ...kafkaSettings(brokers, env), clientId: 'waybill-cli', log: quiet });
  try {
    return await work(kafka);
  } catch (cause) {
    if (cause instanceof RefusedError || cause instanceof UsageError) {
      throw cause;
    }
    throw new UnavailableError(`Kafka at ${brokers} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  } finally {
    await kafka.close();
  }
}
