import { z } from 'zod';
import { eventSchemas, type EventType } from './events.js';

/** A JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** `ce_dataschema` of a type: a name, not an address. */
export function schemaId(type: string): string {
  return `urn:waybill:schema:${type}`;
}

/**
 * JSON Schema 2020-12 of a type's data, as a reader takes it: unknown properties are allowed.
 *
 * It says less than the code where a rule has no word in JSON Schema: text must not contain U+0000.
 */
export function dataSchemaOf(type: EventType): JsonSchema {
  return jsonSchemaOf(type, eventSchemas[type]);
}

/** The same for any schema: a test asks what CI would say of another one. */
export function jsonSchemaOf(type: string, schema: z.ZodType): JsonSchema {
  const { $schema, ...json } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
  return { $schema, $id: schemaId(type), title: type, ...json };
}
