import { ConfigError, kafkaConfig, type KafkaConnection, loadConfig, parseKafka } from '@waybill/config';
import { z } from 'zod';

/** How tools reach Kafka: these brokers, with the TLS and login of WAYBILL_KAFKA_* that services use, too. */
export function kafkaSettings(brokers: string, env: NodeJS.ProcessEnv = process.env): KafkaConnection {
  const settings = loadConfig(z.object(kafkaConfig), { ...env, WAYBILL_KAFKA_BROKERS: brokers });
  const { connection, problems } = parseKafka(settings);
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return connection;
}
