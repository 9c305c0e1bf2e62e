import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, type SchemaObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { EVENTS_PAGE, hasEvents } from './asyncapi.js';
import { PROBLEM_TYPE } from './problem-document.js';

const problem = z.object({
  type: z.string().meta({ examples: ['urn:waybill:problem:validation'] }),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  traceId: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

const PROBLEM_CONTENT = { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };

interface OpenApiOptions {
  readonly name: string;
  readonly description?: string;
}

/** OpenAPI 3.1 from the schemas that validate, at /openapi.json, and a page to try it at /docs. */
export function serveOpenApi(app: NestFastifyApplication, options: OpenApiOptions): void {
  SwaggerModule.setup('docs', app, () => createOpenApi(app, options), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: `${options.name} · Waybill`,
  });
}

export function createOpenApi(app: NestFastifyApplication, { name, description }: OpenApiOptions): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.1')
    .setTitle(name)
    .setDescription(description ?? `HTTP API of Waybill's ${name} service.`)
    .setVersion('1');
  const config = (hasEvents(name) ? builder.setExternalDoc('The events that it publishes and reads', EVENTS_PAGE) : builder).build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  leaveOutProbes(document);
  withProblems(document);
  return document;
}

/** JSON Schema 2020-12, which OpenAPI 3.1 embeds as it is. A schema with an id becomes a component of that name. */
function convert(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, $defs: components = {}, ...json } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
  const id = schema.meta()?.id;
  return id === undefined
    ? { schema: json, components }
    : { schema: { $ref: `#/components/schemas/${id}` }, components: { [id]: json, ...components } };
}

/** They belong to the operators, like /metrics; the document is for those who call the service. */
function leaveOutProbes(document: OpenAPIObject): void {
  document.paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => !path.startsWith('/health')));
}

/** Every answer that is not a success is problem+json, also those that no controller names. */
function withProblems(document: OpenAPIObject): void {
  const { $schema: _, ...schema } = z.toJSONSchema(problem);
  document.components ??= {};
  document.components.schemas = { ...document.components.schemas, Problem: schema as SchemaObject };
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.put, path.post, path.delete, path.patch]) {
      if (operation === undefined) {
        continue;
      }
      if (operation.requestBody !== undefined || (operation.parameters ?? []).length > 0) {
        operation.responses['400'] ??= { description: 'The request is not valid; errors names the fields.' };
      }
      operation.responses['default'] ??= { description: 'A problem, told by its type.' };
      for (const [status, response] of Object.entries(operation.responses)) {
        if (/^([45]|default)/.test(status) && response !== undefined && !('$ref' in response)) {
          response.content ??= PROBLEM_CONTENT;
        }
        if (status.startsWith('2') && response !== undefined && !('$ref' in response)) {
          response.description ||= 'Success.';
        }
      }
    }
  }
}
