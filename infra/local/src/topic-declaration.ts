import { declaredTopics } from '@waybill/contracts';
import { KafkaClient } from '@waybill/kafka';
import { kafkaSettings } from './kafka-settings.js';

/** Creates the topics of the platform that are missing; returns their names. */
export async function declareTopics(brokers: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const client = new KafkaClient({ ...kafkaSettings(brokers, env), clientId: 'waybill-local', log });
  try {
    return await client.ensureTopics(declaredTopics());
  } finally {
    await client.close();
  }
}
