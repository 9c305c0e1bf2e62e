import kafkajs from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PortCall } from './trap.js';
import { type KafkajsModule, SESSION_TIMEOUT_MS, wrapKafka } from './wrap-kafka.js';

let calls: PortCall<unknown>[];
let done: string[];
let given: object | undefined;
let eachBatch: ((payload: object) => Promise<void>) | undefined;

const done_ = (what: string) => () => {
  done.push(what);
  return Promise.resolve(what);
};

class Kafka {
  producer() {
    return { connect: done_('connect'), disconnect: done_('disconnect'), sendBatch: done_('sendBatch') };
  }

  consumer(options: object) {
    given = options;
    const run = (config: { eachBatch: (payload: object) => Promise<void> }) => {
      eachBatch = config.eachBatch;
      return done_('run')();
    };
    return { connect: done_('connect'), subscribe: done_('subscribe'), run, disconnect: done_('disconnect'), commitOffsets: done_('commitOffsets') };
  }

  admin() {
    return { fetchOffsets: done_('a'), fetchTopicOffsets: done_('b'), fetchTopicOffsetsByTimestamp: done_('c') };
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
  kafka = new module.Kafka() as unknown as Client;
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
    await eachBatch?.({ batch: 'records', commitOffsetsIfNecessary: done_('commit of the batch') });
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
