import type { Node } from 'libpg-query';
import { namesIn, nodesIn } from './parse.js';

/** Functions of PostgreSQL that give the same for the same arguments, at least within one statement: a default of them is worked out once. */
const STEADY = new Set([
  'now', 'transaction_timestamp', 'statement_timestamp', 'to_timestamp', 'date_trunc', 'date_part', 'make_date', 'make_timestamptz', 'make_interval', 'timezone', 'age',
  'lower', 'upper', 'btrim', 'ltrim', 'rtrim', 'concat', 'concat_ws', 'format', 'left', 'right', 'length', 'md5', 'sha256', 'encode', 'decode', 'replace', 'substring', 'to_char', 'coalesce',
  'abs', 'round', 'floor', 'ceil', 'array_fill', 'to_json', 'to_jsonb', 'json_build_object', 'jsonb_build_object', 'json_build_array', 'jsonb_build_array',
  'current_setting', 'current_schema', 'current_database', 'int4range', 'int8range', 'numrange', 'tstzrange', 'daterange',
]);

/** What a SELECT in a migration may call: nothing of it changes tables. */
const HARMLESS = new Set([
  ...STEADY,
  'set_config', 'setval', 'nextval', 'currval', 'generate_series', 'count', 'min', 'max', 'sum', 'bool_and', 'bool_or', 'string_agg', 'array_agg', 'jsonb_agg', 'json_agg',
  'pg_advisory_lock', 'pg_advisory_xact_lock', 'pg_advisory_unlock', 'pg_try_advisory_lock', 'pg_notify', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'random', 'clock_timestamp',
  'pg_get_serial_sequence', 'to_regclass', 'to_regtype', 'has_table_privilege', 'unnest', 'array_length', 'cardinality', 'row_number', 'rank', 'lag', 'lead', 'pg_relation_size', 'pg_table_size',
  'obj_description', 'version',
]);

/** The functions in a default that are called for each row, as far as anybody knows. */
export function volatileCalls(expression: Node | undefined): string[] {
  return calls(expression).filter((name) => !STEADY.has(name));
}

/** The functions in a query that may do anything. */
export function unknownCalls(query: Node): string[] {
  return calls(query).filter((name) => !HARMLESS.has(name));
}

function calls(expression: Node | undefined): string[] {
  const found = [...nodesIn(expression)].flatMap(({ kind, node }) => {
    return kind === 'FuncCall' ? [namesIn((node as { funcname?: Node[] }).funcname).filter((name) => name !== 'pg_catalog').join('.')] : [];
  });
  return [...new Set(found)];
}
