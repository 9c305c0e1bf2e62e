import { kafkaSettings } from '@waybill/local';
import { type Admin, Kafka, logLevel, type SASLOptions } from 'kafkajs';

const REQUEST_TIMEOUT_MS = 5_000;

/** Asks the brokers something, and disconnects whatever became of it. */
export async function withKafkaAdmin<T>(brokers: string, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const settings = kafkaSettings(brokers);
  const kafka = new Kafka({
    clientId: 'waybill-cli',
    brokers: settings.brokers,
    ssl: settings.tls ?? false,
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl as SASLOptions }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { retries: 2 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}
