export { CONFIG_EXIT_CODE, ConfigError, type ConfigProblem } from './config-error.js';
export { configurationDocument, type ConfiguredService, envExample } from './configuration-document.js';
export { type DatabaseConnection, type DatabaseTls, parseDatabase } from './database-connection.js';
export {
  durationMs,
  type FieldFacts,
  file,
  hostList,
  httpUrl,
  integer,
  line,
  oneOf,
  port,
  postgresUrl,
  secret,
  someOf,
} from './field.js';
export { type KafkaConnection, type KafkaSettings, parseKafka } from './kafka-connection.js';
export { type ConfigSchema, type Environment, loadConfig } from './load-config.js';
export { portOf } from './relations.js';
export {
  databaseConfig,
  healthConfig,
  httpConfig,
  inboxConfig,
  kafkaConfig,
  outboxConfig,
  type Role,
  roles,
  rolesConfig,
  shutdownConfig,
  telemetryConfig,
} from './shared-settings.js';
