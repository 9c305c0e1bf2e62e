/**
 * How many of the shards one of the members should own: the floor or the ceiling of shards / members, so that all
 * shares together are all shards. Every member computes the same from the same list, so nobody has to be asked.
 */
export function fairShare(member: string, members: readonly string[], shards: number): number {
  const rank = [...members].sort().indexOf(member);
  if (rank < 0) {
    return 0;
  }
  return Math.floor(shards / members.length) + (rank < shards % members.length ? 1 : 0);
}
