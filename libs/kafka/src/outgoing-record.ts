import { partitionOf } from '@waybill/contracts';

export type HeaderValue = string | Buffer | null;

/** By name; a header that comes more than once is a list. */
export type RawHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;

export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  readonly headers: RawHeaders;
}

/** Ours and not the client's, so that a key keeps its partition whatever driver wrote it; keyless records go to 0. */
export function partitionFor({ topic, key }: OutgoingRecord): number {
  return key === null ? 0 : partitionOf(topic, key);
}
