import type { JsonSchema } from './json-schema.js';

/*
 * Whether what one form of a type wrote can be read by another form, decided from the two JSON Schemas alone.
 *
 * - A writer writes the properties that it declares, and no others: the outbox stores what its schema let through.
 * - A reader is tolerant: what it does not know it ignores. So a property may come or go, unless it is required.
 * - Within one type every form reads every other one. Rules on a value can then hardly change: stricter, and what is
 *   old cannot be read; laxer, and what is new cannot be read by those who are not upgraded.
 * - Conservative: a keyword that is not understood here must not change.
 */

/** One place where a reader refuses what a writer may write. */
export interface Refusal {
  /** JSON pointer into the data; `*` is any element of an array. Empty: the data itself. */
  readonly path: string;
  readonly why: string;
}

/** Why `reader` may refuse what `writer` writes; empty when it reads all of it. */
export function refusals(writer: JsonSchema, reader: JsonSchema): Refusal[] {
  return compare(inlined(writer), inlined(reader), '');
}

/** True when both mean the same: they differ in descriptions and in what is written out or referred to, if at all. */
export function meansTheSame(a: JsonSchema, b: JsonSchema): boolean {
  return same(inlined(a), inlined(b));
}

/** Says nothing about which data is valid. */
const ANNOTATIONS = new Set([
  '$schema', '$id', '$comment', '$defs', 'title', 'description', 'examples', 'default', 'deprecated', 'id',
]);
/** The reader's bound must not lie above the writer's. */
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
/** The reader's bound must not lie below the writer's. */
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
/** The reader's must be the writer's own, or none. */
const EXACT = ['pattern', 'format', 'multipleOf', 'uniqueItems'];
const UNDERSTOOD = new Set([
  ...LOWER, ...UPPER, ...EXACT,
  'type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'items', 'anyOf',
]);
const ALL_TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

function compare(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  if (same(writer, reader)) {
    return [];
  }
  const unknown = [...new Set([...Object.keys(writer), ...Object.keys(reader)])]
    .filter((keyword) => !UNDERSTOOD.has(keyword) && !same(writer[keyword], reader[keyword]))
    .map((keyword) => ({ path, why: `${keyword} has changed, and this check does not understand it` }));
  if (unknown.length > 0) {
    return unknown;
  }
  if (writer['anyOf'] !== undefined || reader['anyOf'] !== undefined) {
    return compareUnions(writer, reader, path);
  }
  const types = compareTypes(writer, reader, path);
  if (types.length > 0) {
    return types;
  }
  return [
    ...compareValues(writer, reader, path),
    ...compareRules(writer, reader, path),
    ...compareObjects(writer, reader, path),
    ...compareItems(writer, reader, path),
  ];
}

/** Each form that the writer may choose has to be one that the reader takes. */
function compareUnions(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const written = branchesOf(writer);
  const read = branchesOf(reader);
  if (written === undefined || read === undefined) {
    return [{ path, why: 'anyOf beside other keywords has changed, and this check does not understand it' }];
  }
  return written
    .filter((branch) => read.every((candidate) => compare(branch, candidate, path).length > 0))
    .map((branch) => ({ path, why: `none of the reader's alternatives takes ${JSON.stringify(branch)}` }));
}

function branchesOf(schema: JsonSchema): JsonSchema[] | undefined {
  const branches = schema['anyOf'];
  if (branches === undefined) {
    return [schema];
  }
  return Array.isArray(branches) && Object.keys(schema).length === 1 ? branches.map(asSchema) : undefined;
}

function compareTypes(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const read = typesOf(reader);
  const refused = typesOf(writer).filter((type) => !read.includes(type) && !(type === 'integer' && read.includes('number')));
  return refused.length === 0 ? [] : [{ path, why: `the reader takes ${read.join(' or ')}, the writer may write ${refused.join(' or ')}` }];
}

function typesOf(schema: JsonSchema): string[] {
  const { type } = schema;
  if (typeof type === 'string') {
    return [type];
  }
  if (Array.isArray(type)) {
    return type.map(String);
  }
  return valuesOf(schema)?.map(typeOfValue) ?? ALL_TYPES;
}

function typeOfValue(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function compareValues(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const read = valuesOf(reader);
  if (read === undefined) {
    return [];
  }
  const written = valuesOf(writer);
  if (written === undefined) {
    return [{ path, why: `the reader takes only ${list(read)}, the writer may write others` }];
  }
  const refused = written.filter((value) => !read.some((candidate) => same(candidate, value)));
  return refused.length === 0 ? [] : [{ path, why: `the reader does not take ${list(refused)}` }];
}

function valuesOf(schema: JsonSchema): unknown[] | undefined {
  return 'const' in schema ? [schema['const']] : (schema['enum'] as unknown[] | undefined);
}

function list(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

function compareRules(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const broken = (keyword: string): boolean => {
    const [written, read] = [writer[keyword], reader[keyword]];
    if (read === undefined || same(written, read)) {
      return false;
    }
    const [from, to] = [Number(written ?? NaN), Number(read)];
    return LOWER.includes(keyword) ? !(from >= to) : UPPER.includes(keyword) ? !(from <= to) : true;
  };
  return [...LOWER, ...UPPER, ...EXACT].filter(broken).map((keyword) => ({
    path,
    why: `the reader demands ${keyword} ${JSON.stringify(reader[keyword])}, the writer ${
      writer[keyword] === undefined ? 'knows no such rule' : `goes by ${JSON.stringify(writer[keyword])}`
    }`,
  }));
}

function compareObjects(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const [written, read] = [propertiesOf(writer), propertiesOf(reader)];
  const always = requiredOf(writer);
  const missing = requiredOf(reader)
    .filter((name) => !always.includes(name))
    .map((name) => ({
      path: `${path}/${name}`,
      why: `the reader demands it, the writer ${name in written ? 'may leave it out' : 'does not know it'}`,
    }));
  const [others, othersRead] = [writer['additionalProperties'], reader['additionalProperties']];
  const inside = Object.entries(written).flatMap(([name, schema]) => {
    const reads = read[name] ?? (isSchema(othersRead) ? othersRead : undefined);
    if (reads !== undefined) {
      return compare(schema, reads, `${path}/${name}`);
    }
    return othersRead === false ? [{ path: `${path}/${name}`, why: 'the reader takes no property that it does not know' }] : [];
  });
  // Names that are not declared one by one, as in a record: the writer writes any.
  const open = isSchema(others)
    ? [
        ...Object.entries(read).filter(([name]) => !(name in written)).flatMap(([name, schema]) => compare(others, schema, `${path}/${name}`)),
        ...(isSchema(othersRead) ? compare(others, othersRead, `${path}/*`) : []),
        ...(othersRead === false ? [{ path: `${path}/*`, why: 'the reader takes no property that it does not know' }] : []),
      ]
    : [];
  return [...missing, ...inside, ...open];
}

function compareItems(writer: JsonSchema, reader: JsonSchema, path: string): Refusal[] {
  const [written, read] = [writer['items'], reader['items']];
  return read === undefined ? [] : compare(isSchema(written) ? written : {}, asSchema(read), `${path}/*`);
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

function requiredOf(schema: JsonSchema): string[] {
  return (schema['required'] ?? []) as string[];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `true` takes everything, as `{}` does; `false` takes nothing. */
function asSchema(value: unknown): JsonSchema {
  return isSchema(value) ? value : value === false ? { not: {} } : {};
}

/** The schema with its references written out and without annotations: what is left decides which data is valid. */
function inlined(root: JsonSchema): JsonSchema {
  const definitions = (root['$defs'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const walk = (schema: JsonSchema, within: readonly string[]): JsonSchema => {
    const { $ref: reference, ...rest } = schema;
    const own = Object.fromEntries(
      Object.entries(rest)
        .filter(([keyword]) => !ANNOTATIONS.has(keyword))
        .map(([keyword, value]) => [keyword, walkKeyword(keyword, value, within)]),
    );
    if (reference === undefined) {
      return own;
    }
    const name = typeof reference === 'string' ? (/^#\/\$defs\/([^/]+)$/.exec(reference)?.[1] ?? '') : '';
    const definition = definitions[name];
    if (definition === undefined || within.includes(name) || Object.keys(own).length > 0) {
      throw new TypeError(`The reference ${JSON.stringify(reference)} should lead to an entry of $defs, not into itself, and stand alone.`);
    }
    return walk(definition, [...within, name]);
  };
  const walkKeyword = (keyword: string, value: unknown, within: readonly string[]): unknown => {
    if (keyword === 'properties' && isSchema(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, walk(asSchema(schema), within)]));
    }
    if (keyword === 'anyOf' && Array.isArray(value)) {
      return value.map((branch) => walk(asSchema(branch), within));
    }
    if ((keyword === 'items' || keyword === 'additionalProperties') && isSchema(value)) {
      return walk(value, within);
    }
    if (keyword !== 'enum' && keyword !== 'const' && JSON.stringify(value).includes('"$ref"')) {
      throw new TypeError(`${keyword} holds a reference, and this check does not understand ${keyword}.`);
    }
    return value;
  };
  return walk(root, []);
}

/** Equal as JSON; the order of properties, and of what is required, means nothing. */
function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (key, inner: unknown) => {
      if (key === 'required' && Array.isArray(inner)) {
        return inner.map(String).sort();
      }
      return isSchema(inner) ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1))) : inner;
    }) ?? 'undefined'
  );
}
