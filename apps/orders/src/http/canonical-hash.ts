import { createHash } from 'node:crypto';

/** SHA-256 of a parsed body: neither white space nor the order of properties makes it another request. */
export function canonicalHash(body: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(sorted(body))).digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
