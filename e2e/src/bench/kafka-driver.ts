import { KafkaClient } from '@waybill/kafka';
import { quietLog } from './quiet-log.js';

/** The Kafka clients behind our port that are measured; the first one is the default of the platform. */
export const drivers = ['kafkajs'] as const;
export type Driver = (typeof drivers)[number];

/** The one place where a driver's name becomes a client. */
export function clientOf(_driver: Driver, brokers: string, clientId: string): KafkaClient {
  return new KafkaClient({ clientId, brokers: brokers.split(','), log: quietLog });
}
