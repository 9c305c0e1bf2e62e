import type { RangeVar } from 'libpg-query';
import { scan } from './parse.js';

/** A table's name as it is known here: the schema only where it is not `public`. */
export function tableName(relation: RangeVar | undefined): string | undefined {
  return relation?.relname === undefined ? undefined : qualified([relation.schemaname, relation.relname]);
}

export function qualified(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '' && part !== 'public').join('.');
}

/** As it must be written in SQL: quoted where it is a word of the language, or not all lower case. */
export function quoted(name: string): string {
  return name.split('.').map(quotedPart).join('.');
}

/** The name without its schema, from which other names are made. */
export function bare(name: string): string {
  return name.split('.').at(-1) ?? name;
}

/** PostgreSQL cuts names off after 63 bytes; two that differ only after that would be one. */
export function madeName(...parts: readonly string[]): string {
  return Buffer.from(parts.join('_')).subarray(0, 63).toString();
}

function quotedPart(part: string): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(part)) {
    return `"${part.replaceAll('"', '""')}"`;
  }
  // 0: no word of the language; 1: one that may be a name everywhere.
  return (scan(part)[0]?.keywordKind ?? 0) > 1 ? `"${part}"` : part;
}
