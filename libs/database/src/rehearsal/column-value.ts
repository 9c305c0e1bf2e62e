import pg from 'pg';
import type { Column } from './table-shape.js';

/** An SQL expression over `i`, the number of the row: bigint, from 1 on. */
export type Expression = string;

/**
 * A value for a column, another one for each row where its type has enough of them; undefined where the type is not known
 * here.
 *
 * Keys that stand alone come in order, as those of UUID version 7 do; other UUIDs are scattered.
 */
export function valueOf(column: Column, isKey: boolean): Expression | undefined {
  const { type, baseType, isArray, enumLabels } = column;
  const plain = enumLabels.length > 0 ? labelOf(enumLabels) : plainValue(column, isKey);
  if (plain === undefined) {
    return undefined;
  }
  return isArray ? `ARRAY[(${plain})::${quotedType(baseType)}]::${type}` : `(${plain})::${type}`;
}

/** Of the built-in types; a type of one's own stands in the schema `public`, which is searched. */
function quotedType(name: string): string {
  return pg.escapeIdentifier(name);
}

function labelOf(labels: readonly string[]): Expression {
  return `(ARRAY[${labels.map((label) => pg.escapeLiteral(label)).join(', ')}])[1 + i % ${labels.length}]`;
}

function plainValue({ name, type, baseType }: Column, isKey: boolean): Expression | undefined {
  const salted = `md5(${pg.escapeLiteral(name)} || i)`;
  switch (baseType) {
    case 'uuid':
      return isKey ? `lpad(to_hex(i), 32, '0')` : salted;
    case 'int2':
      return 'i % 32767 + 1';
    case 'int4':
      return 'i % 2147483647';
    case 'int8':
    case 'float4':
    case 'float8':
    case 'money':
      return 'i';
    case 'numeric':
      return `i % ${numericLimit(type)}`;
    case 'text':
    case 'varchar':
    case 'bpchar':
    case 'citext':
    case 'name':
      return textOf(name, type);
    case 'bool':
      return 'i % 2 = 0';
    case 'timestamptz':
    case 'timestamp':
      return `timestamptz '2026-01-01 00:00:00Z' + i * interval '1 second'`;
    case 'date':
      return `date '2000-01-01' + (i % 10000)::integer`;
    case 'time':
    case 'timetz':
      return `time '00:00' + (i % 86400) * interval '1 second'`;
    case 'interval':
      return `(i % 86400) * interval '1 second'`;
    case 'json':
    case 'jsonb':
      return `json_build_object('n', i, 'text', ${salted})`;
    case 'bytea':
      return `decode(${salted}, 'hex')`;
    case 'inet':
    case 'cidr':
      return `host(inet '10.0.0.0' + i % 16777216)`;
    default:
      return undefined;
  }
}

/** The digits stand at the end: a short column keeps what makes the row different. */
function textOf(name: string, type: string): Expression {
  const text = `${pg.escapeLiteral(`${name} `)} || i`;
  const length = /\((\d+)\)/.exec(type)?.[1];
  return length === undefined ? text : `right(${text}, ${length})`;
}

function numericLimit(type: string): string {
  const [, precision, scale] = /\((\d+),(\d+)\)/.exec(type) ?? [];
  return precision === undefined ? '9223372036854775807' : `10::numeric ^ ${Math.min(Number(precision) - Number(scale), 18)}`;
}
