import { partitionsOf } from './topics.js';

/**
 * The partition of a key: murmur2 over the *declared* partition count, as Kafka's Java client computes it.
 *
 * Computed here rather than by the Kafka client, so that both drivers, the relay's byte bound and the tests agree.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey.
 */
export function partitionOf(topic: string, key: string): number {
  return partitionAmong(partitionsOf(topic), key);
}

/** The same over any count: another count sends most keys elsewhere, which is why changing it is a procedure. */
export function partitionAmong(partitions: number, key: string): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** MurmurHash2 with Kafka's seed; a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const M = 0x5bd1e995;
  let hash = 0x9747b28c ^ data.length;
  const words = data.length >> 2;
  for (let word = 0; word < words; word++) {
    const at = word * 4;
    let k = byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    hash = Math.imul(hash, M) ^ k;
  }
  const tail = words * 4;
  const rest = data.length & 3;
  if (rest === 3) {
    hash ^= byte(data, tail + 2) << 16;
  }
  if (rest >= 2) {
    hash ^= byte(data, tail + 1) << 8;
  }
  if (rest >= 1) {
    hash ^= byte(data, tail);
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  hash ^= hash >>> 15;
  return hash | 0;
}

function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}
