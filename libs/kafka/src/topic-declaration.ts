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
