import { setTimeout as sleep } from 'node:timers/promises';
import { declaredTopics, partitionOf } from '@waybill/contracts';
import { createTestTopic, until } from '@waybill/testing';
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { ConsumedRecord } from './consumed-record.js';
import type { EventConsumer, EventConsumerOptions } from './consumer.js';
import { KafkaClient } from './kafka-client.js';
import { type KafkaDriverName, kafkaDrivers } from './kafka-driver.js';
import type { EventProducer } from './producer.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function rawClient(): Kafka {
  return new Kafka({ clientId: 'spec', brokers: inject('kafkaBrokers').split(','), logLevel: logLevel.NOTHING });
}

/** Does to the cluster what our port cannot: looks into a group, deletes records. */
async function withAdmin<T>(run: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = rawClient().admin();
  await admin.connect();
  try {
    return await run(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Writes what our port would not: into any partition, at any time. */
async function withProducer(run: (producer: Producer) => Promise<unknown>): Promise<void> {
  const raw = rawClient().producer();
  await raw.connect();
  try {
    await run(raw);
  } finally {
    await raw.disconnect();
  }
}

/** A place where a handler waits until the test lets it go on. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** The promise that makes two drivers one port: every line of it holds for both, on a real broker. */
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

  describe('a rebalance', () => {
    it('gets a partition when the chunk in hand is done and committed, however long that takes', async () => {
      await produce('slow', 'next');
      const first = gate();
      const seen: string[] = [];
      const member = (handle: (record: ConsumedRecord) => Promise<void>) => {
        const consumer = kafka.consumer({ group, topics: [topic], chunkMax: 1, sessionTimeoutMs: 6_000, handle: oneByOne(handle) });
        consumers.push(consumer);
        consumer.start();
      };
      member(async (record) => {
        seen.push(`old ${text(record)}`);
        await first.opened;
      });
      await until(() => seen.length === 1);
      member(async (record) => {
        seen.push(`new ${text(record)}`);
      });
      // The group waits for the old member, for longer than its session: its heart has to go on beating.
      const rebalancing = () => withAdmin((admin) => admin.describeGroups([group])).then(({ groups }) => groups[0]?.state);
      await until(async () => (await rebalancing()) === 'PreparingRebalance');
      const since = performance.now();
      await until(async () => {
        expect(await rebalancing()).toBe('PreparingRebalance');
        return performance.now() - since > 8_000;
      });
      first.open();
      await until(() => seen.some((each) => each.endsWith('next')));
      expect(seen[0]).toBe('old slow');
      // Nobody got it again: it was committed before the partition was given back.
      expect(seen.filter((each) => each.endsWith('slow'))).toHaveLength(1);
    });

    it('loses nothing, and no two members work on one partition at once', async () => {
      const wide = await createTestTopic(inject('kafkaBrokers'), 'wide', 6);
      const keys = Array.from({ length: 120 }, (_, index) => `key-${index}`);
      // Not with our port: it sends everything of a topic that is not declared to partition 0.
      await withProducer((raw) =>
        raw.send({ topic: wide, messages: keys.map((key, index) => ({ key, value: key, partition: index % 6 })) }),
      );
      const seen = new Set<string>();
      const working = new Set<number>();
      const overlaps: number[] = [];
      let slow = 3;
      const join = () => {
        const consumer = kafka.consumer({
          group,
          topics: [wide],
          chunkMax: 2,
          handle: async (records) => {
            const partition = records[0]?.partition ?? -1;
            if (working.has(partition)) {
              overlaps.push(partition);
            }
            working.add(partition);
            // One is slow, so that the others hear of the rebalance first.
            await sleep(partition === 0 && slow-- > 0 ? 1_500 : 40);
            for (const record of records) {
              seen.add(text(record));
            }
            working.delete(partition);
          },
        });
        consumers.push(consumer);
        consumer.start();
        return consumer;
      };
      const one = join();
      await until(() => seen.size >= 10);
      const two = join();
      await until(() => two.status().assignment.length === 3 && one.status().assignment.length === 3);
      await one.stop();
      await until(() => two.status().assignment.length === 6);
      await until(() => seen.size === keys.length);
      expect(overlaps).toEqual([]);
      await until(async () => (await kafka.lagOf(group, wide)).every(({ lag }) => lag === 0));
    });
  });

  describe('stopping', () => {
    it('does not wait for a member that gives nothing back, neither one that joins nor one that joins again', async () => {
      const wide = await createTestTopic(inject('kafkaBrokers'), 'wide', 2);
      await withProducer((raw) => raw.send({ topic: wide, messages: [{ key: 'k', value: 'v', partition: 0 }] }));
      const hand = gate();
      let isInHand = false;
      const stubborn = consume(async () => {
        isInHand = true;
        await hand.opened;
      }, [wide]);
      await until(() => isInHand);
      const stateOf = () => withAdmin((admin) => admin.describeGroups([group])).then(({ groups }) => groups[0]?.state);
      const newcomer = consume(() => Promise.resolve(), [wide]);
      await until(async () => (await stateOf()) === 'PreparingRebalance');
      // Two rounds: this one waits for its first answer. Whoever hangs here hangs until the time-out of the test.
      await newcomer.stop();
      hand.open();
      await until(() => stubborn.status().assignment.length === 2, { timeoutMs: 30_000 });
    });

    it('waits for the chunk in hand, and commits it', async () => {
      await produce('1', '2');
      const hand = gate();
      const seen: string[] = [];
      const consumer = consume(async (record) => {
        seen.push(text(record));
        await hand.opened;
      });
      await until(() => seen.length === 1);
      let stopped = false;
      const stopping = consumer.stop().then(() => {
        stopped = true;
      });
      await kafka.ping();
      expect(stopped).toBe(false);
      hand.open();
      await stopping;
      expect(seen).toEqual(['1']);
      expect(await kafka.lagOf(group, topic)).toMatchObject([{ partition: 0, committed: '1', end: '2', lag: 1 }]);
    });
  });

  describe('records that are gone before they were read', () => {
    it('are an alarm, and the earliest that are left come', async () => {
      await produce('1', '2', '3', '4', '5');
      const first: string[] = [];
      const before = consume(async (record) => {
        first.push(text(record));
        if (text(record) === '2') {
          throw new Error('never');
        }
      });
      await until(() => before.status().held.length === 1);
      await before.stop();
      await withAdmin(async (admin) => {
        // It deletes only where it knows the topic.
        await admin.fetchTopicMetadata({ topics: [topic] });
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] });
      });
      const seen: string[] = [];
      const consumer = consume(async (record) => {
        seen.push(text(record));
      });
      await until(() => seen.includes('5'));
      expect(seen).toEqual(['4', '5']);
      expect(consumer.status().lostRecords).toBe(true);
    });
  });

  describe('seeking', () => {
    it('brings records again in a running member, and commits the place', async () => {
      await produce('1', '2', '3');
      const seen: string[] = [];
      const consumer = consume(async (record) => {
        seen.push(text(record));
      });
      await until(() => seen.length === 3);
      expect(consumer.status().assignment).toEqual([{ topic, partition: 0 }]);
      expect(await consumer.seek([{ topic, partition: 0, offset: '1' }])).toEqual([{ topic, partition: 0 }]);
      await until(() => seen.length === 5);
      expect(seen).toEqual(['1', '2', '3', '2', '3']);
      await consumer.stop();
      expect(await kafka.lagOf(group, topic)).toMatchObject([{ committed: '3', lag: 0 }]);
    });

    it('waits for the chunk in hand, whose offset does not overtake it', async () => {
      await produce('1', '2', '3');
      const hand = gate();
      const seen: string[] = [];
      const consumer = consume(async (record) => {
        seen.push(text(record));
        if (text(record) === '2') {
          await hand.opened;
        }
      });
      await until(() => seen.length === 2);
      const seeking = consumer.seek([{ topic, partition: 0, offset: '0' }]);
      await kafka.ping();
      hand.open();
      await seeking;
      await until(() => seen.includes('3'));
      expect(seen).toEqual(['1', '2', '1', '2', '3']);
    });

    it('sets a held partition free', async () => {
      await produce('1', '2', '3');
      const seen: string[] = [];
      const consumer = consume(async (record) => {
        seen.push(text(record));
        if (text(record) === '2') {
          throw new Error('never');
        }
      });
      await until(() => consumer.status().held.length === 1);
      await consumer.seek([{ topic, partition: 0, offset: '2' }]);
      await until(() => seen.includes('3'));
      expect(consumer.status().held).toEqual([]);
    });

    it('forgets records that were fetched before it and wait for a free hand', async () => {
      const wide = await createTestTopic(inject('kafkaBrokers'), 'wide', 6);
      const partitions = [0, 1, 2, 3, 4, 5];
      const fill = (value: string) =>
        withProducer((raw) => raw.send({ topic: wide, messages: partitions.map((partition) => ({ value, partition })) }));
      const isDone = async () => (await kafka.lagOf(group, wide)).every(({ committed, lag }) => committed !== undefined && lag === 0);
      await fill('old');
      const before = consume(() => Promise.resolve(), [wide]);
      await until(isDone);
      await before.stop();
      await fill('new');
      const hands = gate();
      const seen = new Map<number, string[]>();
      const consumer = consume(
        async (record) => {
          seen.set(record.partition, [...(seen.get(record.partition) ?? []), text(record)]);
          await hands.opened;
        },
        [wide],
      );
      // As many as are worked on at the same time: the other two came with the same fetch, and wait.
      await until(() => seen.size === 4);
      const waiting = partitions.filter((partition) => !seen.has(partition));
      await consumer.seek(waiting.map((partition) => ({ topic: wide, partition, offset: '0' })));
      hands.open();
      await until(isDone);
      for (const partition of waiting) {
        expect(seen.get(partition)).toEqual(['old', 'new']);
      }
    });

    it('ignores what this member does not own', async () => {
      const consumer = consume(() => Promise.resolve());
      await until(() => consumer.status().joined);
      expect(await consumer.seek([{ topic, partition: 7, offset: '0' }])).toEqual([]);
    });
  });

  describe('a group', () => {
    it('never mixes drivers: who comes second is kept out, says so, and joins when the others have left', async () => {
      const other: KafkaDriverName = driver === 'kafkajs' ? 'platformatic' : 'kafkajs';
      const errors: string[] = [];
      const log = { ...silent, error: (message: string) => errors.push(message) };
      const stranger = new KafkaClient({ clientId: 'test', driver: other, brokers: inject('kafkaBrokers').split(','), log });
      const first = consume(() => Promise.resolve());
      await until(() => first.status().joined);
      const seen: string[] = [];
      const second = stranger.consumer({
        group,
        topics: [topic],
        handle: oneByOne(async (record) => {
          seen.push(text(record));
        }),
      });
      second.start();
      try {
        await until(() => second.status().keptOut);
        expect(errors[0]).toMatch(/another Kafka driver.*WAYBILL_KAFKA_DRIVER/);
        await expect(stranger.ping()).rejects.toThrow('another Kafka driver');
        expect(second.status().joined).toBe(false);
        expect(first.status()).toMatchObject({ joined: true, keptOut: false });
        await produce('1');
        await until(async () => (await kafka.lagOf(group, topic))[0]?.committed === '1');
        await first.stop();
        await produce('2');
        await until(() => seen.length > 0);
        expect(seen).toEqual(['2']);
        expect(second.status()).toMatchObject({ joined: true, keptOut: false });
        await stranger.ping();
      } finally {
        await second.stop();
        await stranger.close();
      }
    });
  });

  describe('headers, keys and values', () => {
    it.each(kafkaDrivers)('come as they were sent when %s reads them', async (reader) => {
      const bytes = Buffer.from([0, 0xff, 0xfe, 10]);
      await producer.publish([
        { topic, key: 'schlüssel', value: null, headers: { bytes, text: 'ä', twice: [bytes, 'b'], empty: '', absent: undefined } },
        { topic, key: null, value: bytes, headers: {} },
      ]);
      const readingClient = new KafkaClient({ clientId: 'test', driver: reader, brokers: inject('kafkaBrokers').split(','), log: silent });
      const seen: ConsumedRecord[] = [];
      const consumer = readingClient.consumer({
        group,
        topics: [topic],
        handle: oneByOne(async (record) => {
          seen.push(record);
        }),
      });
      consumers.push(consumer);
      consumer.start();
      const [first, second] = await until(() => (seen.length === 2 ? seen : undefined));
      expect(first).toMatchObject({ key: 'schlüssel', value: null });
      expect(first?.rawHeaders).toEqual({ bytes, text: Buffer.from('ä'), twice: [bytes, Buffer.from('b')], empty: Buffer.alloc(0) });
      expect(second).toMatchObject({ key: undefined, value: bytes, headers: {} });
    });

    it('keep a header that is null', async () => {
      await producer.publish([{ topic, key: 'k', value: 'v', headers: { nothing: null, both: [null, 'x'] } }]);
      const seen: ConsumedRecord[] = [];
      consume(async (record) => {
        seen.push(record);
      });
      const { headers, rawHeaders } = await until(() => seen[0]);
      // kafkajs cannot write it (it can read it): there it is empty.
      const nothing = driver === 'kafkajs' ? Buffer.alloc(0) : null;
      expect(rawHeaders).toEqual({ nothing, both: [nothing, Buffer.from('x')] });
      expect(headers['both']).toBeUndefined();
    });

    it('have the time of the log where the topic says so', async () => {
      const name = `${topic}-log-append`;
      await kafka.ensureTopics([{ topic: name, partitions: 1, config: { 'message.timestamp.type': 'LogAppendTime' } }]);
      const start = Date.now();
      await withProducer((raw) => raw.send({ topic: name, messages: [{ value: 'v', timestamp: '1000' }] }));
      const seen: ConsumedRecord[] = [];
      consume(
        async (record) => {
          seen.push(record);
        },
        [name],
      );
      const { timestamp } = await until(() => seen[0]);
      expect(Number(timestamp)).toBeGreaterThanOrEqual(start);
    });
  });

  describe('a key', () => {
    it('has the partition that we compute, whoever writes it', async () => {
      await kafka.ensureTopics(declaredTopics());
      const keys = Array.from({ length: 60 }, (_, index) => `${topic}-${index}`);
      await producer.publish(keys.map((key) => ({ topic: 'waybill.orders', key, value: 'v', headers: {} })));
      const seen = new Map<string, number>();
      consume(
        async ({ key, partition }) => {
          seen.set(key ?? '', partition);
        },
        ['waybill.orders'],
      );
      await until(() => keys.every((key) => seen.has(key)));
      for (const key of keys) {
        expect(seen.get(key), key).toBe(partitionOf('waybill.orders', key));
      }
    });
  });

  describe('producer', () => {
    it('names a record that is too large, so that only this one is set aside', async () => {
      await expect(produce('x'.repeat(2_000_000))).rejects.toMatchObject({ recordRefused: true });
      await produce('small');
    });

    it('names a record that the topic does not take', async () => {
      const compacted = `${topic}-compacted`;
      await kafka.ensureTopics([{ topic: compacted, partitions: 1, config: { 'cleanup.policy': 'compact' } }]);
      const keyless = { topic: compacted, key: null, value: 'v', headers: {} };
      await expect(producer.publish([keyless])).rejects.toMatchObject({ recordRefused: true, type: 'INVALID_RECORD' });
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

    it('tell where a time begins', async () => {
      await produce('old');
      const written = Date.now();
      const between = await until(() => {
        const now = Date.now();
        return now > written ? now : undefined;
      });
      await produce('young');
      const at = async (time: number | 'earliest' | 'latest') => [...(await kafka.offsetsFor(topic, time))];
      expect(await at('earliest')).toEqual([[0, '0']]);
      expect(await at('latest')).toEqual([[0, '2']]);
      expect(await at(between)).toEqual([[0, '1']]);
      expect(await at(Date.now() + 60_000)).toEqual([[0, '2']]);
    });
  });
});
