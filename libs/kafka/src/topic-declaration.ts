import type { DriverAdmin } from './kafka-driver.js';

export interface TopicDeclaration {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
  /** Absent: the broker's default. */
  readonly replicationFactor?: number;
}

/** A topic stands in Kafka with another number of partitions than declared: keys would go astray. */
export class TopicMismatchError extends Error {
  readonly code = 'KAFKA_TOPIC_MISMATCH';

  constructor(
    readonly topic: string,
    readonly declared: number,
    readonly actual: number,
  ) {
    super(
      `Topic ${topic} should have ${declared} partitions, but has ${actual}. The count decides which partition a key goes to: change the declaration and the topic together, with the consumers drained.`,
    );
    this.name = 'TopicMismatchError';
  }
}

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
