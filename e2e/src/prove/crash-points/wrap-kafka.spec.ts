import kafkajs from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PortCall } from './trap.js';
import { type KafkajsModule, SESSION_TIMEOUT_MS, wrapKafka } from './wrap-kafka.js';

let calls: PortCall<unknown>[];
let done: string[];
let given: object | undefined;
let eachBatch: ((payload: object) => Promise<void>) | undefined;

const doing = (what: string) => () => {
  done.push(what);
  return Promise.resolve(what);
};

class Kafka {
  producer() {
    return { connect: doing('connect'), disconnect: doing('disconnect'), sendBatch: doing('sendBatch') };
  }

  consumer(options: object) {
    given = options;
    const run = (config: { eachBatch: (payload: object) => Promise<void> }) => {
      eachBatch = config.eachBatch;
      return doing('run')();
    };
    return { connect: doing('connect'), subscribe: doing('subscribe'), run, disconnect: doing('disconnect'), commitOffsets: doing('commitOffsets') };
  }

  admin() {
    return { fetchOffsets: doing('a'), fetchTopicOffsets: doing('b'), fetchTopicOffsetsByTimestamp: doing('c') };
  }
}

beforeEach(() => {
  calls = [];
  done = [];
  const module = { Kafka: class extends Kafka {}, KafkaJSRequestTimeoutError: kafkajs.KafkaJSRequestTimeoutError };
  Object.defineProperties(module.Kafka.prototype, {
    producer: { value: Kafka.prototype.producer, writable: true },
    consumer: { value: Kafka.prototype.consumer, writable: true },
    admin: { value: Kafka.prototype.admin, writable: true },
  });
  wrapKafka(module as unknown as KafkajsModule, {
    through: (call) => {
      calls.push(call);
      return call.make();
    },
  });
  kafka = new module.Kafka();
});

interface Client {
  producer(options: object): { sendBatch(batch: object): Promise<unknown> };
  consumer(options: object): { run(config: object): Promise<unknown>; commitOffsets(offsets: object[]): Promise<unknown> };
}
let kafka: Client;

describe('what is asked of the broker', () => {
  it('goes through the traps, and a produce that is lost looks like a request that timed out', async () => {
    expect(await kafka.producer({}).sendBatch({})).toBe('sendBatch');
    expect(calls[0]?.operation).toBe('sendBatch');
    expect(calls[0]?.lost?.()).toBeInstanceOf(kafkajs.KafkaJSRequestTimeoutError);
  });

  it('includes the offsets that are committed with a batch, by the function that comes with it', async () => {
    const consumer = kafka.consumer({ groupId: 'g' });
    await consumer.run({
      eachBatch: async ({ batch, commitOffsetsIfNecessary }: { batch: string; commitOffsetsIfNecessary: (o: object) => Promise<void> }) => {
        expect(batch).toBe('records');
        await commitOffsetsIfNecessary({});
      },
    });
    await eachBatch?.({ batch: 'records', commitOffsetsIfNecessary: doing('commit of the batch') });
    expect(done).toEqual(['run', 'commit of the batch']);
    expect(calls.map(({ operation, lost }) => [operation, lost !== undefined])).toEqual([
      ['run', false],
      ['commitOffsets', true],
    ]);
  });

  it('is asked for a shorter session, and otherwise as it was', () => {
    kafka.consumer({ groupId: 'g', sessionTimeout: 10_000 });
    expect(given).toEqual({ groupId: 'g', sessionTimeout: SESSION_TIMEOUT_MS });
  });
});
