export { type ConsumedRecord } from './consumed-record.js';
export {
  type ConsumerProgress,
  type ConsumerStatus,
  type EventConsumer,
  type EventConsumerOptions,
  type HeldPartition,
  type PartitionPosition,
} from './consumer.js';
export { KafkaClient, type PartitionLag } from './kafka-client.js';
export { type KafkaDriverName, kafkaDrivers, type KafkaSettings, type OffsetTime, type TopicPartition } from './kafka-driver.js';
export { kafkaErrorType, RecordRefusedError } from './kafka-errors.js';
export { type KafkaLog } from './kafka-log.js';
export { type HeaderValue, type OutgoingRecord, type RawHeaders } from './outgoing-record.js';
export { inProcessSpan } from './process-span.js';
export { type EventProducer } from './producer.js';
export { type TopicDeclaration, TopicMismatchError } from './topic-declaration.js';
