export {
  type ConsumedRecord,
  type ConsumerStatus,
  EventConsumer,
  type EventConsumerOptions,
  type HeldPartition,
} from './consumer.js';
export { KafkaClient, type KafkaSettings } from './kafka-client.js';
export { kafkaErrorType, RecordRefusedError } from './kafka-errors.js';
export { type KafkaLog } from './kafka-log.js';
export { inProcessSpan } from './process-span.js';
export { EventProducer, type OutgoingRecord } from './producer.js';
export { ensureTopics, type TopicDeclaration, TopicMismatchError } from './topic-declaration.js';
