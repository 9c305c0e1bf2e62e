import type { EventType } from './events.js';
import { eventSchemas } from './events.js';
import { dataSchemaOf, type JsonSchema, schemaId } from './json-schema.js';
import { consumers, declaredTopics, handledTypes, publishers, type Service, services } from './topics.js';
import { isEmitted, readAs, versionOf } from './versions.js';

interface Reference {
  readonly $ref: string;
}

export interface AsyncApiMessage {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly description?: string;
  readonly contentType: string;
  readonly headers: JsonSchema;
  readonly payload: Reference;
  readonly correlationId: { readonly location: string };
  readonly bindings: object;
}

export interface AsyncApiChannel {
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly messages: Readonly<Record<string, Reference>>;
  readonly bindings: { readonly kafka: { readonly topic: string; readonly partitions: number } };
}

export interface AsyncApiOperation {
  readonly action: 'send' | 'receive';
  readonly title: string;
  readonly summary: string;
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly tags: readonly { readonly name: string }[];
  readonly bindings: object;
}

/** The part of AsyncAPI 3.0 that our document uses. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly id: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: string;
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

/** Bindings of AsyncAPI for Kafka, the newest that the official parser checks. */
const BINDING_VERSION = '0.5.0';
const CONTENT_TYPE = 'application/json';
const HEADERS = 'CloudEventsHeaders';

/**
 * AsyncAPI 3.0 of the whole platform, or of what one service publishes and reads; from the same tables and schemas that the
 * services run with.
 */
export function asyncApi(service?: Service): AsyncApiDocument {
  const members = service === undefined ? services : [service];
  const operations = Object.fromEntries(members.flatMap(operationsOf));
  const types = (Object.keys(eventSchemas) as EventType[]).filter((type) =>
    Object.values(operations).some(({ messages }) => messages.some(({ $ref }) => $ref.endsWith(`/messages/${type}`))),
  );
  const channels = services.filter((publisher) =>
    Object.values(operations).some(({ channel }) => channel.$ref === channelOf(publisher).$ref),
  );
  return {
    asyncapi: '3.0.0',
    id: service === undefined ? 'urn:waybill' : `urn:waybill:${service}`,
    info: {
      title: service === undefined ? 'Waybill' : `Waybill ${service}`,
      version: '1',
      description: `${
        service === undefined ? 'What the services say to each other' : `What ${service} publishes, and what it does something about`
      }: CloudEvents 1.0 in Kafka's binary mode. Attributes are headers, the data is the record's value. Readers ignore properties that they do not know, and so must yours.`,
    },
    defaultContentType: CONTENT_TYPE,
    channels: Object.fromEntries(channels.map((publisher) => [publisher, channel(publisher, types)])),
    operations,
    components: {
      messages: Object.fromEntries(types.map((type) => [type, message(type)])),
      schemas: { ...schemasOf(types), [HEADERS]: headers },
    },
  };
}

function operationsOf(service: Service): [string, AsyncApiOperation][] {
  const tags = [{ name: service }];
  const sends: AsyncApiOperation = {
    action: 'send',
    title: `${service} publishes`,
    summary: `${service} announces what happened to its ${publishers[service].aggregateType}s.`,
    channel: channelOf(service),
    messages: publishers[service].types.map((type) => messageOn(service, type)),
    tags,
    bindings: { kafka: { bindingVersion: BINDING_VERSION } },
  };
  const receives = consumers[service].map((publisher): [string, AsyncApiOperation] => [
    `${service}.reads.${publisher}`,
    {
      action: 'receive',
      title: `${service} reads ${publisher}`,
      summary: `${service} does something about these; any other event of ${publisher} it passes over.`,
      channel: channelOf(publisher),
      messages: typesRead(service, publisher).map((type) => messageOn(publisher, type)),
      tags,
      bindings: { kafka: { groupId: { type: 'string', const: `waybill-${service}` }, bindingVersion: BINDING_VERSION } },
    },
  ]);
  return [[`${service}.publishes`, sends], ...receives];
}

/** Older versions of what it handles are read, too, through the upcasters. */
function typesRead(service: Service, publisher: Service): EventType[] {
  return typesOf(publisher).filter((type) => readAs(type, (version) => handledTypes[service].includes(version)) !== undefined);
}

/** Every version of every event of a publisher, whether it is emitted now or only read. */
function typesOf(publisher: Service): EventType[] {
  const names = new Set(publishers[publisher].types.map((type) => versionOf(type)?.name));
  return (Object.keys(eventSchemas) as EventType[]).filter((type) => names.has(versionOf(type)?.name));
}

function channel(publisher: Service, types: readonly EventType[]): AsyncApiChannel {
  const { topic, aggregateType } = publishers[publisher];
  const declared = declaredTopics().find((candidate) => candidate.topic === topic);
  const config = declared?.config ?? {};
  return {
    address: topic,
    title: topic,
    description: `Events of the ${aggregateType}s of ${publisher}. All events of one order stand in one partition, in order.`,
    messages: Object.fromEntries(
      typesOf(publisher)
        .filter((type) => types.includes(type))
        .map((type) => [type, { $ref: `#/components/messages/${type}` }]),
    ),
    bindings: {
      kafka: {
        topic,
        partitions: declared?.partitions ?? 1,
        topicConfiguration: {
          'cleanup.policy': [config['cleanup.policy']],
          'retention.ms': Number(config['retention.ms']),
        },
        bindingVersion: BINDING_VERSION,
      },
    } as AsyncApiChannel['bindings'],
  };
}

function message(type: EventType): AsyncApiMessage {
  const publisher = services.find((service) => typesOf(service).includes(type)) ?? 'orders';
  const note = isEmitted(type)
    ? {}
    : { description: 'Not written now: read by those who know it, so that it can be written once all of them do; or the other way round, still read and written no more.' };
  return {
    name: type,
    title: type,
    summary: eventSchemas[type].description ?? '',
    ...note,
    contentType: CONTENT_TYPE,
    headers: {
      allOf: [
        { $ref: `#/components/schemas/${HEADERS}` },
        {
          type: 'object',
          properties: {
            ce_type: { const: type },
            ce_source: { const: publishers[publisher].source },
            ce_dataschema: { const: schemaId(type) },
          },
        },
      ],
    },
    payload: { $ref: `#/components/schemas/${type}` },
    correlationId: { location: '$message.header#/ce_correlationid' },
    bindings: {
      kafka: {
        key: { type: 'string', format: 'uuid', description: 'The id of the order.' },
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

const text = (description: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', description, ...more });

/** What `toHeaders` writes. */
const headers: JsonSchema = {
  type: 'object',
  description: 'CloudEvents 1.0, binary mode; W3C trace context.',
  required: [
    'content-type', 'ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_time', 'ce_dataschema',
    'ce_partitionkey', 'ce_sequence', 'ce_correlationid',
  ],
  properties: {
    'content-type': { const: CONTENT_TYPE },
    ce_specversion: { const: '1.0' },
    ce_id: text('UUIDv7. With ce_source it identifies the event: a copy has the same.', { format: 'uuid' }),
    ce_source: text('The service that wrote it.'),
    ce_type: text('What happened, and the version of the data.'),
    ce_subject: text('The id of the aggregate.', { format: 'uuid' }),
    ce_time: text('When it was written, RFC 3339.', { format: 'date-time' }),
    ce_dataschema: text('The name of the schema of the data.'),
    ce_partitionkey: text('The id of the order; also the key of the record.', { format: 'uuid' }),
    ce_sequence: text('The version of the aggregate after the change, padded with zeros: the order of its events.', { pattern: '^\\d{10,15}$' }),
    ce_correlationid: text('The same in everything that happens because of one request.'),
    ce_causationid: text('The id of the event that caused this one; absent when a person did.'),
    ce_deadline: text('When it is too late.'),
    ce_flags: text('Feature flags that were decided for this story.'),
    traceparent: text('W3C trace context of whoever wrote the event.'),
    tracestate: text('W3C trace context.'),
    baggage: text('W3C baggage.'),
  },
};

/** The schemas of the data, and what they share, under the names that references in an AsyncAPI document have. */
function schemasOf(types: readonly EventType[]): Record<string, JsonSchema> {
  const own: Record<string, JsonSchema> = {};
  const shared: Record<string, JsonSchema> = {};
  for (const type of types) {
    // Nothing in them means one thing in 2020-12 and another in AsyncAPI's own dialect of draft-07.
    const { $schema: _, $id: __, $defs, ...schema } = dataSchemaOf(type);
    own[type] = referringTo(schema);
    for (const [name, definition] of Object.entries(($defs ?? {}) as Readonly<Record<string, JsonSchema>>)) {
      shared[name] = referringTo(definition);
    }
  }
  return { ...own, ...Object.fromEntries(Object.entries(shared).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function referringTo(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}

function channelOf(publisher: Service): Reference {
  return { $ref: `#/channels/${publisher}` };
}

function messageOn(publisher: Service, type: EventType): Reference {
  return { $ref: `#/channels/${publisher}/messages/${type}` };
}
