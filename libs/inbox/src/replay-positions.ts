/** Partition -> offset of the next record to read, a decimal string. */
export type ReplayPositions = Readonly<Record<string, string>>;

/** How one partition of the topic stands; offsets are decimal strings. */
export interface PartitionState {
  readonly partition: number;
  /** The first record that is still there. */
  readonly earliest: string;
  /** The next record that the consumer will read; absent where it has read none, and all of them come anyway. */
  readonly committed?: string | undefined;
}

/**
 * Where a replay begins in each partition. Only ever back: a position ahead of the consumer would skip events that it
 * has not handled, so such a partition is left out, and stays as it is.
 */
export function replayPositions(
  partitions: readonly PartitionState[],
  wanted: (partition: number) => string | undefined,
): ReplayPositions {
  const positions = partitions.flatMap(({ partition, earliest, committed }) => {
    const from = wanted(partition);
    if (from === undefined || committed === undefined) {
      return [];
    }
    const position = BigInt(from) < BigInt(earliest) ? earliest : from;
    return BigInt(position) < BigInt(committed) ? [[String(partition), position] as const] : [];
  });
  return Object.fromEntries(positions);
}

/**
 * The partitions where a replay would bring events that are forgotten, so that they would take effect again.
 *
 * @param remembered partition -> offset of the first record that is young enough to be remembered
 */
export function forgottenPartitions(positions: ReplayPositions, remembered: ReadonlyMap<number, string>): number[] {
  return Object.entries(positions)
    .filter(([partition, offset]) => BigInt(offset) < BigInt(remembered.get(Number(partition)) ?? offset))
    .map(([partition]) => Number(partition));
}
