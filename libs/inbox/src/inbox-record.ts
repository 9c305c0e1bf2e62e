type SingleValue = Buffer | string | null;

/** A header's value as a Kafka client gives it; a name that came more than once has several. */
export type HeaderValue = SingleValue | readonly SingleValue[] | undefined;

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
  readonly rawHeaders: Readonly<Record<string, HeaderValue>>;
  /** Milliseconds since 1970, by the broker's clock. */
  readonly timestamp: string;
}

export type HeaderPairs = readonly (readonly [name: string, value: Buffer])[];

/** The record's own headers, one pair each, with the bytes that they came with. */
export function headerPairs(rawHeaders: InboxRecord['rawHeaders']): HeaderPairs {
  return Object.entries(rawHeaders).flatMap(([name, value]) =>
    // A header may have no value at all; stored, and sent again, it has an empty one.
    valuesOf(value).map((each) => [name, Buffer.from(each ?? '')] as const),
  );
}

function valuesOf(value: HeaderValue): readonly SingleValue[] {
  return typeof value === 'string' || Buffer.isBuffer(value) ? [value] : (value ?? ['']);
}

/** How headers are stored: a JSON array of `[name, value in base64]`. */
export function encodeHeaders(rawHeaders: InboxRecord['rawHeaders']): Buffer {
  return Buffer.from(JSON.stringify(headerPairs(rawHeaders).map(([name, value]) => [name, value.toString('base64')])));
}

export function decodeHeaders(stored: Buffer): Pick<InboxRecord, 'headers' | 'rawHeaders'> {
  const rawHeaders: Record<string, HeaderValue> = {};
  const headers: Record<string, string | undefined> = {};
  for (const [name, base64] of JSON.parse(stored.toString('utf8')) as [string, string][]) {
    const value = Buffer.from(base64, 'base64');
    const before = rawHeaders[name];
    if (before === undefined) {
      rawHeaders[name] = value;
      headers[name] = value.toString('utf8');
    } else {
      rawHeaders[name] = [...valuesOf(before), value];
      headers[name] = undefined;
    }
  }
  return { headers, rawHeaders };
}
