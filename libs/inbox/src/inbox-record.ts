/** A header's value as a Kafka client gives it. */
export type HeaderValue = string | Buffer | null;

/** By name; one that came more than once has a list. */
export type RawHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;

/** A record of a topic as it came, byte for byte. */
export interface InboxRecord {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string: it may exceed 2^53. */
  readonly offset: string;
  readonly key: string | undefined;
  readonly value: Buffer | null;
  /** As text; a header that came more than once is undefined here. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: RawHeaders;
  /** Milliseconds since 1970, by the broker's clock. */
  readonly timestamp: string;
}

export type HeaderPairs = readonly (readonly [name: string, value: Buffer | null])[];

/** The record's own headers, one pair each, with the bytes that they came with. */
export function headerPairs(rawHeaders: RawHeaders): HeaderPairs {
  return Object.entries(rawHeaders).flatMap(([name, value]) =>
    listOf(value).map((each) => [name, each === null ? null : Buffer.from(each)] as const),
  );
}

function listOf(value: RawHeaders[string]): readonly HeaderValue[] {
  if (value === undefined) {
    return [];
  }
  return typeof value === 'string' || value === null || Buffer.isBuffer(value) ? [value] : value;
}

/** How headers are stored: a JSON array of `[name, value in base64 or null]`. */
export function encodeHeaders(rawHeaders: RawHeaders): Buffer {
  const pairs = headerPairs(rawHeaders).map(([name, value]) => [name, value?.toString('base64') ?? null]);
  return Buffer.from(JSON.stringify(pairs));
}

export function decodeHeaders(stored: Buffer): Pick<InboxRecord, 'headers' | 'rawHeaders'> {
  const rawHeaders: Record<string, HeaderValue | HeaderValue[]> = {};
  const headers: Record<string, string | undefined> = {};
  for (const [name, base64] of JSON.parse(stored.toString('utf8')) as [string, string | null][]) {
    const value = base64 === null ? null : Buffer.from(base64, 'base64');
    const before = rawHeaders[name];
    if (before === undefined) {
      rawHeaders[name] = value;
      headers[name] = value?.toString('utf8');
    } else {
      rawHeaders[name] = [...(Array.isArray(before) ? before : [before]), value];
      headers[name] = undefined;
    }
  }
  return { headers, rawHeaders };
}
