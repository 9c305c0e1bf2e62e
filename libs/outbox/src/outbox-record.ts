export type HeaderValue = string | Buffer;

/** What `publish` gets: one Kafka record. */
export interface OutboxRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  /** A header that comes more than once has a list of values. */
  readonly headers: Readonly<Record<string, HeaderValue | HeaderValue[]>>;
}
