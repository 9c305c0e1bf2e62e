import type { ConnectionPool, Consumer } from '@platformatic/kafka';
import { type ConsumedRecord, FetchedRecord } from './consumed-record.js';
import { FETCH, type TopicPartition } from './kafka-driver.js';

/** Kafka's "read committed". */
const READ_COMMITTED = 1;
const IS_CONTROL = 1 << 5;
/** Then the batch's time counts, and not those of its records. */
const IS_LOG_APPEND_TIME = 1 << 3;

export interface OwnedPartition extends TopicPartition {
  /** The next offset to fetch. */
  position: bigint;
  /** In a lane, or waiting for one: being fetched, ready, or worked on. */
  taken: boolean;
}

export interface Lot {
  readonly owned: OwnedPartition;
  /** The position that it was fetched from. */
  readonly from: bigint;
  readonly records: readonly ConsumedRecord[];
  /** The position after the last record and what is not shown of the log, such as markers of transactions. */
  readonly end: bigint;
}

export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** Fetches for partitions that one broker leads. */
export async function requestRecords(
  consumer: Consumer,
  pool: ConnectionPool,
  node: number,
  wanted: readonly OwnedPartition[],
  topics: ReadonlyMap<string, { readonly id: string }>,
): Promise<FetchResponse> {
  try {
    return await consumer.fetch({
      node,
      connectionPool: pool,
      minBytes: FETCH.minBytes,
      maxBytes: FETCH.maxBytes,
      maxWaitTime: FETCH.maxWaitMs,
      isolationLevel: READ_COMMITTED,
      topics: wanted.map(({ topic, partition, position }) => ({
        topicId: topics.get(topic)?.id ?? '',
        partitions: [
          {
            partition,
            fetchOffset: position,
            partitionMaxBytes: FETCH.maxBytesPerPartition,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
          },
        ],
      })),
    });
  } catch (error) {
    // An error of one partition comes with what the others have brought.
    const { response } = error as { response?: FetchResponse };
    if (response === undefined || response.errorCode !== 0) {
      throw error;
    }
    return response;
  }
}

/** What a fetch has brought of one partition. */
export function toLot(owned: OwnedPartition, { records: batches = [] }: FetchedPartition): Lot {
  const { topic, partition } = owned;
  const records: ConsumedRecord[] = [];
  const from = owned.position;
  let end = from;
  for (const { firstOffset, firstTimestamp, lastOffsetDelta, attributes, records: inBatch, maxTimestamp } of batches) {
    end = firstOffset + BigInt(lastOffsetDelta) + 1n;
    if ((attributes & IS_CONTROL) !== 0) {
      continue;
    }
    for (const { offsetDelta, timestampDelta, key, value, headers } of inBatch) {
      const offset = firstOffset + BigInt(offsetDelta);
      // A batch comes whole, also when its first records are done with.
      if (offset >= from) {
        const timestamp = (attributes & IS_LOG_APPEND_TIME) === 0 ? firstTimestamp + timestampDelta : maxTimestamp;
        records.push(new FetchedRecord(topic, partition, String(offset), key, value, headers, String(timestamp)));
      }
    }
  }
  return { owned, from, records, end };
}
