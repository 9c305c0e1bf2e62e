import type { HeaderValue, RawHeaders } from './outgoing-record.js';

export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  /** A decimal string: it may exceed 2^53. */
  readonly offset: string;
  readonly key: string | undefined;
  readonly value: Buffer | null;
  /** As text; a header that is null or came more than once is undefined here. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The bytes as they came. */
  readonly rawHeaders: RawHeaders;
  /** Milliseconds since 1970, by the broker's clock. */
  readonly timestamp: string;
}

/** Names and values as they stand in a record batch. */
export type WireHeaders = readonly (readonly [Buffer | null, Buffer | null])[];

/** A record whose headers are decoded when somebody asks: fourteen of them cost more than all the rest of a record. */
export class FetchedRecord implements ConsumedRecord {
  private text: Record<string, string | undefined> | undefined;
  private raw: RawHeaders | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: string,
    private readonly keyBytes: Buffer | null,
    readonly value: Buffer | null,
    private readonly wireHeaders: WireHeaders | RawHeaders,
    readonly timestamp: string,
  ) {}

  get key(): string | undefined {
    return this.keyBytes?.toString();
  }

  get headers(): Readonly<Record<string, string | undefined>> {
    if (this.text === undefined) {
      this.text = {};
      const raw = this.rawHeaders;
      for (const name of Object.keys(raw)) {
        const value = raw[name];
        this.text[name] = isSingle(value) ? value?.toString() : undefined;
      }
    }
    return this.text;
  }

  get rawHeaders(): RawHeaders {
    this.raw ??= isWire(this.wireHeaders) ? byName(this.wireHeaders) : this.wireHeaders;
    return this.raw;
  }
}

function isWire(headers: WireHeaders | RawHeaders): headers is WireHeaders {
  return Array.isArray(headers);
}

function isSingle(value: HeaderValue | readonly HeaderValue[] | undefined): value is HeaderValue | undefined {
  return !Array.isArray(value);
}

function byName(wire: WireHeaders): RawHeaders {
  const headers: Record<string, HeaderValue | HeaderValue[]> = {};
  for (const [nameBytes, value] of wire) {
    const name = nameBytes?.toString() ?? '';
    const before = headers[name];
    if (before === undefined) {
      headers[name] = value;
    } else if (Array.isArray(before)) {
      before.push(value);
    } else {
      headers[name] = [before, value];
    }
  }
  return headers;
}
