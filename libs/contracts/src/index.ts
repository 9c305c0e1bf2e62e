export {
  asyncApi,
  type AsyncApiChannel,
  type AsyncApiDocument,
  type AsyncApiMessage,
  type AsyncApiOperation,
} from './asyncapi.js';
export {
  type DataResult,
  type EnvelopeResult,
  type EventHeaders,
  isNewerVersionOfKnownType,
  readData,
  readEnvelope,
  toHeaders,
} from './cloud-events.js';
export {
  type Envelope,
  type EventData,
  eventSchemas,
  type EventType,
  isEventType,
  type NewEvent,
  type Position,
  type ReceivedEvent,
  type Trace,
} from './events.js';
export { type OrderLine, orderLine, orderLines, quantity, reason, type ShipTo, shipTo, sku, text } from './fields.js';
export { inventoryEvents, type Shortage, shortage } from './inventory.js';
export { type JsonSchema } from './json-schema.js';
export { orderEvents } from './orders.js';
export { murmur2, partitionAmong, partitionOf } from './partition.js';
export { FIRST_CARRIER, shippingEvents } from './shipping.js';
export {
  consumers,
  deadLetterTopic,
  type DeclaredTopic,
  declaredTopics,
  handledTypes,
  partitionsOf,
  type Publisher,
  publishers,
  type Service,
  services,
} from './topics.js';
export { asEmitted, readAs, versionOf } from './versions.js';
