/**
 * What keeps the event loop alive, counted by kind: `{ TCPSocketWrap: 3, Timeout: 1 }`.
 *
 * Source: Node.js, `process.getActiveResourcesInfo()`; names, no addresses.
 */
export function activeResources(names: readonly string[] = process.getActiveResourcesInfo()): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
