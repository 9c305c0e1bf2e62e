import { dockerImages } from './docker-engine.js';
import { DockerServer } from './docker-server.js';

const CONTROLLER_PORT = 9093;

/** One Kafka node in a container, with the broker settings of server.properties.template as the image's variables. */
export class DockerKafka extends DockerServer {
  constructor(home: string, preferredPort: number | undefined) {
    super({
      home,
      name: 'kafka',
      image: dockerImages.kafka,
      preferredPort,
      dataPath: '/var/lib/kafka/data',
      environment: (port) => ({
        KAFKA_HEAP_OPTS: '-Xmx256m -Xms128m',
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_NODE_ID: '1',
        KAFKA_CONTROLLER_QUORUM_VOTERS: `1@127.0.0.1:${CONTROLLER_PORT}`,
        // The same port inside and outside: the address that the broker tells its clients must hold on both sides.
        KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:${CONTROLLER_PORT}`,
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_LOG_DIRS: '/var/lib/kafka/data',
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '500',
        KAFKA_BROKER_SESSION_TIMEOUT_MS: '2000',
        KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE: '16777216',
      }),
      isReady: (log) => log.includes('Kafka Server started'),
    });
  }

  get brokers(): string {
    return `127.0.0.1:${this.port}`;
  }
}
