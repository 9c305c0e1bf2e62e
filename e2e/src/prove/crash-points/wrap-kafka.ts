import type { Traps } from './trap.js';

type Method = (...args: unknown[]) => Promise<unknown>;
type Methods = Record<string, unknown>;

/** What is used of kafkajs. */
export interface KafkajsModule {
  readonly Kafka: { readonly prototype: { producer(options: object): object; consumer(options: object): object; admin(options?: object): object } };
  readonly KafkaJSRequestTimeoutError: new (message: string, details: object) => Error;
}

/** Four heartbeats: a killed member's partitions are free sooner than after our 10 s. */
export const SESSION_TIMEOUT_MS = 4_000;

/** Leads what producers, group members and admin clients ask of the broker through the traps. */
export function wrapKafka({ Kafka, KafkaJSRequestTimeoutError }: KafkajsModule, traps: Pick<Traps, 'through'>): void {
  const lost = () => new KafkaJSRequestTimeoutError('Request timed out', { broker: 'crash point', clientId: 'crash point', correlationId: 0, createdAt: 0, sentAt: 0, pendingDuration: 0 });
  const through = (operation: string, method: Method, mayBeLost: boolean): Method => {
    return (...args) => traps.through({ operation, make: () => method(...args), ...(mayBeLost ? { lost } : {}) });
  };
  const wrap = (client: Methods, names: readonly string[], mayBeLost = false) => {
    for (const name of names) {
      client[name] = through(name, client[name] as Method, mayBeLost);
    }
  };
  const { producer, consumer, admin } = Kafka.prototype;
  Kafka.prototype.producer = function (options) {
    const made = producer.call(this, options) as Methods;
    wrap(made, ['connect', 'disconnect']);
    wrap(made, ['sendBatch'], true);
    return made;
  };
  Kafka.prototype.consumer = function (options) {
    const made = consumer.call(this, { ...options, sessionTimeout: SESSION_TIMEOUT_MS }) as Methods;
    const run = made['run'] as Method;
    made['run'] = (config: unknown) => run(withCommit(config as RunConfig, (commit) => through('commitOffsets', commit, true)));
    wrap(made, ['connect', 'subscribe', 'run', 'disconnect']);
    wrap(made, ['commitOffsets'], true);
    return made;
  };
  Kafka.prototype.admin = function (options) {
    const made = admin.call(this, options) as Methods;
    wrap(made, ['fetchOffsets', 'fetchTopicOffsets', 'fetchTopicOffsetsByTimestamp']);
    return made;
  };
}

interface RunConfig {
  readonly eachBatch: (payload: BatchPayload) => Promise<void>;
}

interface BatchPayload {
  readonly commitOffsetsIfNecessary: Method;
}

/** The offsets of a batch are committed by a function that comes with the batch. */
function withCommit({ eachBatch, ...config }: RunConfig, wrapped: (commit: Method) => Method): object {
  return {
    ...config,
    eachBatch: (payload: BatchPayload) =>
      eachBatch({ ...payload, commitOffsetsIfNecessary: wrapped(payload.commitOffsetsIfNecessary) }),
  };
}
