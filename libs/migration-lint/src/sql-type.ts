import type { TypeName } from 'libpg-query';
import { namesIn, nodeAs } from './parse.js';

/** A column's type: `varchar(20)[]` is varchar, [20], an array. */
export interface SqlType {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly array: boolean;
}

const NAMES_IN_SQL: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'char',
  varbit: 'bit varying',
};

export function sqlType(type: TypeName | undefined): SqlType | undefined {
  const names = namesIn(type?.names).filter((name) => name !== 'pg_catalog');
  if (type === undefined || names.length === 0) {
    return undefined;
  }
  const modifiers = (type.typmods ?? []).map((node) => nodeAs(node, 'A_Const')?.ival?.ival ?? 0);
  return { name: names.join('.'), modifiers, array: type.arrayBounds !== undefined };
}

export function typeText({ name, modifiers, array }: SqlType): string {
  const inSql = NAMES_IN_SQL[name] ?? name;
  // The fields of an interval come as a bit mask, which nobody could read.
  const shown = name === 'interval' || modifiers.length === 0 ? '' : `(${modifiers.join(', ')})`;
  return `${inSql}${shown}${array ? '[]' : ''}`;
}

const SERIALS: Readonly<Record<string, string>> = {
  smallserial: 'smallint',
  serial2: 'smallint',
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
};

/** The type behind `serial` and its like, which are none; undefined for any other. */
export function typeOfSerial(type: SqlType | undefined): string | undefined {
  return SERIALS[type?.name ?? ''];
}

const SAME_IN_STORAGE = new Set(['varchar text', 'text varchar', 'cidr inet']);
/** Types whose one modifier is a bound that may be raised, or taken away. */
const BOUNDED = new Set(['varchar', 'varbit', 'timestamp', 'timestamptz', 'time', 'timetz']);

/**
 * Whether PostgreSQL takes the new type without writing or reading a row again.
 *
 * ALTER TABLE's documentation calls it "binary coercible"; each pair here is proved on a server by widening.int.spec.ts.
 */
export function isWidening(from: SqlType, to: SqlType): boolean {
  if (from.array !== to.array) {
    return false;
  }
  if (from.name !== to.name) {
    return SAME_IN_STORAGE.has(`${from.name} ${to.name}`) && to.modifiers.length === 0 && !from.array;
  }
  if (to.modifiers.length === 0 && (BOUNDED.has(from.name) || from.name === 'numeric')) {
    return true;
  }
  if (from.modifiers.length === 0 || to.modifiers.length === 0) {
    return from.modifiers.length === to.modifiers.length;
  }
  const [before = 0, scaleBefore = 0] = from.modifiers;
  const [after = 0, scaleAfter = 0] = to.modifiers;
  if (from.name === 'numeric') {
    return after >= before && scaleAfter === scaleBefore;
  }
  return after === before || (BOUNDED.has(from.name) && after > before);
}
