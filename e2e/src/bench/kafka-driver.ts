import { KafkaClient, type KafkaDriverName, kafkaDrivers } from '@waybill/kafka';
import { quietLog } from './quiet-log.js';

/** The Kafka clients behind our port that are measured; the first one is the default of the platform. */
export const drivers = kafkaDrivers;
export type Driver = KafkaDriverName;

/** The one place where a driver's name becomes a client. */
export function clientOf(driver: Driver, brokers: string, clientId: string): KafkaClient {
  return new KafkaClient({ driver, clientId, brokers: brokers.split(','), log: quietLog });
}
