import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { meansTheSame, refusals } from './compatibility.js';
import { type JsonSchema, jsonSchemaOf } from './json-schema.js';

const schema = (shape: z.ZodRawShape): JsonSchema => jsonSchemaOf('spec', z.object(shape));
const value = (type: z.ZodType): JsonSchema => schema({ it: type });
const raw = (it: JsonSchema): JsonSchema => ({ type: 'object', properties: { it }, required: ['it'] });

/** Both directions, each as "old -> new" (what is old cannot be read) or "new -> old" (those who are behind cannot read). */
function breaks(older: JsonSchema, newer: JsonSchema): string[] {
  return [
    ...refusals(older, newer).map(({ path, why }) => `old -> new ${path}: ${why}`),
    ...refusals(newer, older).map(({ path, why }) => `new -> old ${path}: ${why}`),
  ];
}

describe('a compatible change', () => {
  it.each([
    ['nothing at all', schema({ a: z.string() }), schema({ a: z.string() })],
    ['an optional property more', schema({ a: z.string() }), schema({ a: z.string(), b: z.int().optional() })],
    ['a property with a default more', schema({ a: z.string() }), schema({ a: z.string(), b: z.string().default('x') })],
    ['an optional property less', schema({ a: z.string(), b: z.int().optional() }), schema({ a: z.string() })],
    ['an optional property in an element more', value(z.array(z.object({ a: z.int() }))), value(z.array(z.object({ a: z.int(), b: z.int().optional() })))],
    ['another description', value(z.string().describe('old')), value(z.string().describe('new'))],
    ['properties in another order', schema({ a: z.string(), b: z.int() }), schema({ b: z.int(), a: z.string() })],
    ['a schema that got a name', value(z.object({ a: z.int() })), value(z.object({ a: z.int() }).meta({ id: 'Named' }))],
    ['alternatives in another order', value(z.union([z.string(), z.object({ a: z.int() })])), value(z.union([z.object({ a: z.int() }), z.string()]))],
    ['a keyword that is not understood and stays', raw({ not: { type: 'string' } }), raw({ not: { type: 'string' } })],
  ])('%s', (_, older, newer) => {
    expect(breaks(older, newer)).toEqual([]);
  });

  it('needs no new form when it is none', () => {
    expect(meansTheSame(value(z.string().describe('old')), value(z.string().describe('new')))).toBe(true);
    expect(meansTheSame(schema({ a: z.string() }), schema({ a: z.string(), b: z.int().optional() }))).toBe(false);
  });
});

/** Each line is one direction of the same change; the other direction has its own reason. */
describe('a breaking change', () => {
  it.each([
    ['a required property less', schema({ a: z.string(), it: z.int() }), schema({ a: z.string() }), ['new -> old /it: the reader demands it, the writer does not know it']],
    ['a required property more', schema({ a: z.string() }), schema({ a: z.string(), it: z.int() }), ['old -> new /it: the reader demands it, the writer does not know it']],
    ['required that was optional', value(z.int().optional()), value(z.int()), ['old -> new /it: the reader demands it, the writer may leave it out']],
    ['optional that was required', value(z.int()), value(z.int().optional()), ['new -> old /it: the reader demands it, the writer may leave it out']],
    ['another name', schema({ old: z.string() }), schema({ it: z.string() }), ['old -> new /it: the reader demands it, the writer does not know it', 'new -> old /old: the reader demands it, the writer does not know it']],
    ['another type', value(z.string()), value(z.boolean()), ['old -> new /it: the reader takes boolean, the writer may write string', 'new -> old /it: the reader takes string, the writer may write boolean']],
    ['a type less', value(z.string().nullable()), value(z.string()), ['old -> new /it: the reader takes string, the writer may write null']],
    ['a type more', value(z.string()), value(z.string().nullable()), ['new -> old /it: the reader takes string, the writer may write null']],
    ['whole numbers only', raw({ type: 'number' }), raw({ type: 'integer' }), ['old -> new /it: the reader takes integer, the writer may write number']],
    ['fractions, too', raw({ type: 'integer' }), raw({ type: 'number' }), ['new -> old /it: the reader takes integer, the writer may write number']],
    ['anything', raw({ type: 'string' }), raw({}), ['new -> old /it: the reader takes string, the writer may write array or boolean or integer or null or number or object']],
    ['a value of an enum less', value(z.enum(['a', 'b'])), value(z.enum(['a'])), ['old -> new /it: the reader does not take "b"']],
    ['a value of an enum more', value(z.enum(['a'])), value(z.enum(['a', 'b'])), ['new -> old /it: the reader does not take "b"']],
    ['an enum where any text was', value(z.string()), value(z.enum(['a'])), ['old -> new /it: the reader takes only "a", the writer may write others']],
    ['any text where an enum was', value(z.enum(['a'])), value(z.string()), ['new -> old /it: the reader takes only "a", the writer may write others']],
    ['another constant', value(z.literal('a')), value(z.literal('b')), ['old -> new /it: the reader does not take "a"', 'new -> old /it: the reader does not take "b"']],
    ['a lower maximum', value(z.int().max(10)), value(z.int().max(5)), ['old -> new /it: the reader demands maximum 5, the writer goes by 10']],
    ['a higher maximum', value(z.int().max(5)), value(z.int().max(10)), ['new -> old /it: the reader demands maximum 5, the writer goes by 10']],
    ['a higher minimum', value(z.int().min(0)), value(z.int().min(1)), ['old -> new /it: the reader demands minimum 1, the writer goes by 0']],
    ['a lower minimum', value(z.int().min(1)), value(z.int().min(0)), ['new -> old /it: the reader demands minimum 1, the writer goes by 0']],
    ['longer text', value(z.string().max(5)), value(z.string().max(9)), ['new -> old /it: the reader demands maxLength 5, the writer goes by 9']],
    ['shorter text', value(z.string().max(9)), value(z.string().max(5)), ['old -> new /it: the reader demands maxLength 5, the writer goes by 9']],
    ['a bound where none was', value(z.string()), value(z.string().min(1)), ['old -> new /it: the reader demands minLength 1, the writer knows no such rule']],
    ['no bound where one was', value(z.string().min(1)), value(z.string()), ['new -> old /it: the reader demands minLength 1, the writer knows no such rule']],
    ['an exclusive bound', raw({ type: 'number', minimum: 0 }), raw({ type: 'number', exclusiveMinimum: 0 }), ['old -> new /it: the reader demands exclusiveMinimum 0, the writer knows no such rule', 'new -> old /it: the reader demands minimum 0, the writer knows no such rule']],
    ['another pattern', value(z.string().regex(/^a$/)), value(z.string().regex(/^b$/)), ['old -> new /it: the reader demands pattern "^b$", the writer goes by "^a$"', 'new -> old /it: the reader demands pattern "^a$", the writer goes by "^b$"']],
    ['another format', raw({ type: 'string', format: 'date' }), raw({ type: 'string', format: 'date-time' }), ['old -> new /it: the reader demands format "date-time", the writer goes by "date"', 'new -> old /it: the reader demands format "date", the writer goes by "date-time"']],
    ['a format where none was', raw({ type: 'string' }), raw({ type: 'string', format: 'uuid' }), ['old -> new /it: the reader demands format "uuid", the writer knows no such rule']],
    ['fewer elements', value(z.array(z.int()).max(9)), value(z.array(z.int()).max(5)), ['old -> new /it: the reader demands maxItems 5, the writer goes by 9']],
    ['none of the elements demanded', value(z.array(z.int()).min(1)), value(z.array(z.int())), ['new -> old /it: the reader demands minItems 1, the writer knows no such rule']],
    ['other elements', value(z.array(z.int())), value(z.array(z.string())), ['old -> new /it/*: the reader takes string, the writer may write integer', 'new -> old /it/*: the reader takes integer, the writer may write string']],
    ['a required property in an element', value(z.array(z.object({ a: z.int() }))), value(z.array(z.object({ a: z.int(), b: z.int() }))), ['old -> new /it/*/b: the reader demands it, the writer does not know it']],
    ['strict readers', schema({ a: z.string(), b: z.string().optional() }), jsonSchemaOf('spec', z.strictObject({ a: z.string() })), ['old -> new /b: the reader takes no property that it does not know']],
    ['an alternative less', value(z.union([z.string(), z.object({ a: z.int() })])), value(z.object({ a: z.int() })), ['old -> new /it: none of the reader\'s alternatives takes {"type":"string"}']],
    ['an alternative more', value(z.string()), value(z.union([z.string(), z.object({ a: z.int() })])), ['new -> old /it: none of the reader\'s alternatives takes {"type":"object","properties":{"a":{"type":"integer","minimum":-9007199254740991,"maximum":9007199254740991}},"required":["a"]}']],
    ['other values of a record', value(z.record(z.string(), z.int())), value(z.record(z.string(), z.string())), ['old -> new /it/*: the reader takes string, the writer may write integer', 'new -> old /it/*: the reader takes integer, the writer may write string']],
    ['something that is not understood', raw({ type: 'string' }), raw({ type: 'string', not: { const: 'a' } }), ['old -> new /it: not has changed, and this check does not understand it', 'new -> old /it: not has changed, and this check does not understand it']],
    ['in a schema that is referred to', value(z.string().max(9).meta({ id: 'Text' })), value(z.string().max(5).meta({ id: 'Text' })), ['old -> new /it: the reader demands maxLength 5, the writer goes by 9']],
  ])('%s', (_, older, newer, expected) => {
    expect(breaks(older, newer)).toEqual(expected);
  });

  it('is what nobody could follow: a schema that refers to itself, or to nothing', () => {
    const circular = { $ref: '#/$defs/Node', $defs: { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } } } };
    expect(() => refusals(circular, circular)).toThrow('"#/$defs/Node" should lead to an entry of $defs, not into itself');
    expect(() => refusals({ $ref: 'https://example.com/x' }, {})).toThrow('"https://example.com/x" should lead to');
    expect(() => refusals({ oneOf: [{ $ref: '#/$defs/A' }], $defs: { A: {} } }, {})).toThrow('oneOf holds a reference');
  });

  it('of a property that was away for a while: the form that had it is asked, too', () => {
    const [first, second, third] = [schema({ it: z.string().optional() }), schema({}), schema({ it: z.int().optional() })];
    expect(breaks(first, second)).toEqual([]);
    expect(breaks(second, third)).toEqual([]);
    expect(breaks(first, third)).toHaveLength(2);
  });
});
