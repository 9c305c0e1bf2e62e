/** How many parts the outbox is divided into. Stored in every row and every lease: it must never change. */
export const SHARDS = 64;

/** The shard of an aggregate: FNV-1a (32 bit) of `aggregatetype:aggregateid`, so that one aggregate has one owner. */
export function shardOf(aggregateType: string, aggregateId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${aggregateType}:${aggregateId}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % SHARDS;
}
