import { createTestTopic, until } from '@waybill/testing';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { ConsumedRecord } from './consumed-record.js';
import type { EventConsumer, EventConsumerOptions } from './consumer.js';
import { KafkaClient } from './kafka-client.js';
import { kafkaDrivers } from './kafka-driver.js';
import type { EventProducer } from './producer.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe.each(kafkaDrivers)('%s', (driver) => {
  let kafka: KafkaClient;
  let producer: EventProducer;
  let topic: string;
  let group: string;
  let consumers: EventConsumer[];

  beforeEach(async () => {
    const brokers = inject('kafkaBrokers');
    kafka = new KafkaClient({ clientId: 'test', driver, brokers: brokers.split(','), log: silent });
    producer = kafka.producer();
    // One partition: what the tests say about order must hold for every record.
    topic = await createTestTopic(brokers, 'consumer', 1);
    group = `group-${topic}`;
    consumers = [];
  });

  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await producer.disconnect();
    await kafka.close();
  });

  function consume(handle: (record: ConsumedRecord) => Promise<void>, topics = [topic]): EventConsumer {
    const consumer = kafka.consumer({ group, topics, handle: oneByOne(handle), chunkMax: 1 });
    consumers.push(consumer);
    consumer.start();
    return consumer;
  }

  function oneByOne(handle: (record: ConsumedRecord) => Promise<void>): EventConsumerOptions['handle'] {
    return async (records) => {
      for (const record of records) {
        await handle(record);
      }
    };
  }

  async function produce(...values: string[]): Promise<void> {
    await producer.publish(values.map((value) => ({ topic, key: 'k', value, headers: {} })));
  }

  function text(record: ConsumedRecord): string {
    return record.value?.toString() ?? '';
  }

  describe('consumer', () => {
    it('brings every record in order, those from before it joined included', async () => {
      await produce('1', '2', '3');
      const seen: string[] = [];
      consume((record) => {
        seen.push(text(record));
        return Promise.resolve();
      });
      await until(() => seen.length === 3);
      await produce('4');
      await until(() => seen.length === 4);
      expect(seen).toEqual(['1', '2', '3', '4']);
    });

    it('goes on where it stopped', async () => {
      await produce('1', '2');
      const first: string[] = [];
      const before = consume((record) => {
        first.push(text(record));
        return Promise.resolve();
      });
      await until(() => first.length === 2);
      await before.stop();
      await produce('3');
      const second: string[] = [];
      consume((record) => {
        second.push(text(record));
        return Promise.resolve();
      });
      await until(() => second.length > 0);
      expect(second).toEqual(['3']);
    });

    it('brings a record again until it succeeds, and nothing after it before', async () => {
      await produce('1', '2', '3');
      const seen: string[] = [];
      let failures = 3;
      const consumer = consume((record) => {
        seen.push(text(record));
        return text(record) === '2' && failures-- > 0 ? Promise.reject(new Error('not yet')) : Promise.resolve();
      });
      await until(() => consumer.status().held.length === 1);
      expect(consumer.status().held[0]).toMatchObject({ topic, partition: 0, offset: '1', error: 'not yet' });
      await until(() => seen.includes('3'));
      expect(seen).toEqual(['1', '2', '2', '2', '2', '3']);
      expect(consumer.status().held).toEqual([]);
    });

    it('goes on with other partitions while one is held', async () => {
      const other = await createTestTopic(inject('kafkaBrokers'), 'other', 1);
      await produce('bad');
      const seen: string[] = [];
      const consumer = consume(
        (record) => {
          if (text(record) === 'bad') {
            return Promise.reject(new Error('never'));
          }
          seen.push(text(record));
          return Promise.resolve();
        },
        [topic, other],
      );
      await until(() => consumer.status().held.length === 1);
      await producer.publish([{ topic: other, key: 'k', value: 'good', headers: {} }]);
      await until(() => seen.includes('good'));
    });

    it('does not commit past a record that was never finished', async () => {
      await produce('1', '2');
      const consumer = consume((record) =>
        text(record) === '2' ? Promise.reject(new Error('never')) : Promise.resolve(),
      );
      await until(() => consumer.status().held.length === 1);
      await consumer.stop();
      const seen: string[] = [];
      consume((record) => {
        seen.push(text(record));
        return Promise.resolve();
      });
      await until(() => seen.length > 0);
      expect(seen).toEqual(['2']);
    });

    it('hands over chunks of one partition in order, and brings a chunk that failed again as a whole', async () => {
      await produce('1', '2', '3', '4', '5');
      const seen: string[][] = [];
      let failures = 1;
      const consumer = kafka.consumer({
        group,
        topics: [topic],
        chunkMax: 2,
        handle: async (records) => {
          seen.push(records.map(text));
          if (records.some((record) => text(record) === '4') && failures-- > 0) {
            throw new Error('not yet');
          }
        },
      });
      consumers.push(consumer);
      consumer.start();
      await until(() => seen.flat().includes('5'));
      expect(seen).toEqual([['1', '2'], ['3', '4'], ['3', '4'], ['5']]);
    });

    it('keeps its membership while one handler takes longer than the session', async () => {
      await produce('slow', 'next');
      const seen: string[] = [];
      const consumer = kafka.consumer({
        group,
        topics: [topic],
        sessionTimeoutMs: 6_000,
        handle: oneByOne(async (record) => {
          seen.push(text(record));
          if (text(record) === 'slow') {
            const slow = performance.now();
            await until(() => performance.now() - slow > 8_000);
          }
        }),
      });
      consumers.push(consumer);
      consumer.start();
      await until(() => seen.includes('next'));
      // A lost membership would bring the slow record a second time.
      expect(seen).toEqual(['slow', 'next']);
    });

    it('reads headers as text, and takes one that came twice for missing', async () => {
      const seen: ConsumedRecord[] = [];
      consume((record) => {
        seen.push(record);
        return Promise.resolve();
      });
      await producer.publish([{ topic, key: 'k', value: 'v', headers: { ce_id: 'ä', twice: ['1', '2'] } }]);
      const record = await until(() => seen[0]);
      expect(record).toMatchObject({ topic, partition: 0, offset: '0', key: 'k', headers: { ce_id: 'ä' } });
      expect(record.headers['twice']).toBeUndefined();
    });

    it('waits for a topic that is not there yet', async () => {
      const seen: string[] = [];
      const missing = `${topic}-later`;
      const consumer = consume(
        (record) => {
          seen.push(text(record));
          return Promise.resolve();
        },
        [missing],
      );
      await kafka.ensureTopics([{ topic: missing, partitions: 1, config: {} }]);
      await producer.publish([{ topic: missing, key: 'k', value: 'v', headers: {} }]);
      await until(() => seen.length === 1, { timeoutMs: 40_000 });
      expect(consumer.status()).toMatchObject({ joined: true, lostRecords: false });
    });
  });

  describe('producer', () => {
    it('names a record that is too large, so that only this one is set aside', async () => {
      await expect(produce('x'.repeat(2_000_000))).rejects.toMatchObject({ recordRefused: true });
      await produce('small');
    });

    it('fails within its bound while no broker answers', async () => {
      const away = new KafkaClient({ clientId: 'test', driver, brokers: ['127.0.0.1:1'], log: silent });
      const started = performance.now();
      await expect(
        away.producer().publish([{ topic, key: 'k', value: 'v', headers: {} }]),
      ).rejects.not.toHaveProperty('recordRefused');
      expect(performance.now() - started).toBeLessThan(5_000);
      await expect(away.ping()).rejects.toThrow();
    });
  });

  describe('topics', () => {
    it('are created once, and a changed partition count is refused', async () => {
      const name = `${topic}-declared`;
      const declared = [{ topic: name, partitions: 3, config: { 'message.timestamp.type': 'LogAppendTime' } }];
      expect(await kafka.ensureTopics(declared)).toEqual([name]);
      expect(await kafka.ensureTopics(declared)).toEqual([]);
      await expect(kafka.ensureTopics([{ topic: name, partitions: 4, config: {} }])).rejects.toThrow(
        'should have 4 partitions, but has 3',
      );
    });
  });
});
