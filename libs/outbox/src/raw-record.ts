import type { HeaderValue, OutboxRecord } from './outbox-record.js';

/** A record that the relay sends with exactly these bytes: a dead letter, for one. */
export interface RawRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** In their order; a name may come more than once. */
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
  /** Whose it is, such as `dlt:orders`. Each raw record is an aggregate of its own, so that it holds nobody back. */
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Topics for raw records have one partition. */
  readonly partition?: 0;
}

interface Stored {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
}

/** As it stands in the column `raw`: JSON, the bytes in base64. */
export function storedForm({ key, value, headers }: RawRecord): string {
  const stored: Stored = {
    key,
    value: value === null ? null : value.toString('base64'),
    headers: headers.map(([name, bytes]) => [name, bytes.toString('base64')] as const),
  };
  return JSON.stringify(stored);
}

export function rawRecord(topic: string, raw: string): OutboxRecord {
  const { key, value, headers } = JSON.parse(raw) as Stored;
  const byName = new Map<string, HeaderValue | HeaderValue[]>();
  for (const [name, text] of headers) {
    const bytes = Buffer.from(text, 'base64');
    const before = byName.get(name);
    byName.set(name, before === undefined ? bytes : [...(Array.isArray(before) ? before : [before]), bytes]);
  }
  return { topic, key, value: value === null ? null : Buffer.from(value, 'base64'), headers: Object.fromEntries(byName) };
}
