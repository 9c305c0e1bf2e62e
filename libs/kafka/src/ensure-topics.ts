import type { DriverAdmin } from './kafka-driver.js';
import { type TopicDeclaration, TopicMismatchError } from './topic-declaration.js';

/** Creates what is missing, checks what is there, and returns the names of what was created. */
export async function ensureTopics(admin: DriverAdmin, declared: readonly TopicDeclaration[]): Promise<string[]> {
  const existing = new Set(await admin.topics());
  const missing = declared.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) {
    await admin.createTopics(missing);
  }
  const actual = await admin.partitionCounts(declared.map(({ topic }) => topic));
  for (const { topic, partitions } of declared) {
    const count = actual.get(topic) ?? 0;
    if (count !== partitions) {
      throw new TopicMismatchError(topic, partitions, count);
    }
  }
  return missing.map(({ topic }) => topic);
}
