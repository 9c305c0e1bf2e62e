import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declaredTopics } from '@waybill/contracts';
import { type ConsumedRecord, KafkaClient, type KafkaDriverName, kafkaDrivers } from '@waybill/kafka';
import { TcpProxy, until } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkKafkaData, EmbeddedKafka } from './embedded-kafka.js';
import { findJava } from './java.js';
import { kafkaJars } from './kafka-jars.js';
import { ProcessRoll } from './process-roll.js';
import { silent } from './progress.js';
import { declareTopics } from './topic-declaration.js';

let home: string;
let roll: ProcessRoll;
let kafka: EmbeddedKafka;
let proxy: TcpProxy;
const crashes: unknown[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'waybill spec '));
  roll = await ProcessRoll.open(home, { temporary: true });
  const jars = await kafkaJars(silent);
  proxy = await TcpProxy.listen({ to: () => ({ host: '127.0.0.1', port: kafka.proxiedPort ?? 0 }) });
  kafka = new EmbeddedKafka({
    home,
    roll,
    java: await findJava(),
    jars,
    proxyPort: proxy.port,
    onCrash: (exit) => crashes.push(exit),
  });
  await kafka.start();
});
afterAll(async () => {
  await kafka.stop();
  await proxy.close();
  roll.close();
  rmSync(home, { recursive: true, force: true });
});

describe('an embedded Kafka', () => {
  it('has the declared topics, and makes them once', async () => {
    const names = declaredTopics().map(({ topic }) => topic);
    expect((await declareTopics(kafka.brokers, {})).sort()).toEqual(names.sort());
    expect(await declareTopics(kafka.brokers, {})).toEqual([]);
  });

  it('keeps its address and its records through kill -9 and through a stop in order', async () => {
    const { brokers, proxiedPort } = kafka;
    await publish('waybill.orders', 'one');
    await kafka.kill();
    await kafka.start();
    await kafka.stop();
    await kafka.start();
    expect([kafka.brokers, kafka.proxiedPort]).toEqual([brokers, proxiedPort]);
    expect(await firstValueOf('waybill.orders')).toBe('one');
    expect(crashes).toEqual([]);
  });

  it('sends a client of its second listener on to the proxy, and every other one to itself', async () => {
    expect(await connectionsThroughProxy(kafka.brokers)).toBe(0);
    expect(await connectionsThroughProxy(`127.0.0.1:${proxy.port}`)).toBeGreaterThan(0);
    // The way round the proxy leads back to it: the broker tells its clients no other address there.
    expect(await connectionsThroughProxy(`127.0.0.1:${kafka.proxiedPort ?? 0}`)).toBeGreaterThan(0);
    proxy.cut();
    await expect(connectionsThroughProxy(`127.0.0.1:${kafka.proxiedPort ?? 0}`)).rejects.toThrow();
    proxy.heal();
  });

  it('makes no topic because somebody mistyped its name', async () => {
    await expect(publish('waybill.order', 'lost')).rejects.toThrow();
    // Made now, so it was not there before.
    const mistyped = { topic: 'waybill.order', partitions: 1, config: {} };
    expect(await withClient((client) => client.ensureTopics([mistyped]))).toEqual(['waybill.order']);
  });

  it('tells of an end that nobody asked for', async () => {
    process.kill(kafka.pid ?? 0, 'SIGKILL');
    await expect.poll(() => crashes, { timeout: 5_000 }).toEqual([{ code: null, signal: 'SIGKILL' }]);
    await kafka.start();
  });
});

describe.each(kafkaDrivers)('a broker that goes away under %s', (driver) => {
  it.each(disturbancesOf(driver))('%s: producer and consumer go on by themselves, and no record is lost', async (_, disturb) => {
    await withClient(async (client) => {
      const topic = `${driver}-${disturb.name.toLowerCase()}`;
      await client.ensureTopics([{ topic, partitions: 1, config: {} }]);
      const seen: string[] = [];
      const consumer = client.consumer({
        group: topic,
        topics: [topic],
        sessionTimeoutMs: 6_000,
        handle: async (records) => {
          seen.push(...records.map(({ value }) => String(value)));
        },
      });
      const producer = client.producer();
      const publishOne = (value: string) => producer.publish([{ topic, key: 'key', value, headers: {} }]);
      consumer.start();
      try {
        // A broker that has just started may know of a topic before it hosts it.
        await until(() => publishOne('before').then(() => true));
        await until(() => seen.includes('before'));
        await disturb(() => publishOne('meanwhile'));
        // A send that failed is sent again, as the relay does.
        await until(() => publishOne('after').then(() => true));
        await until(() => seen.includes('after') && consumer.status().joined, { timeoutMs: 40_000 });
        expect(consumer.status().lostRecords).toBe(false);
        await until(async () => (await client.lagOf(topic, topic))[0]?.lag === 0);
      } finally {
        await consumer.stop();
        await producer.disconnect();
        proxy.heal();
      }
    }, driver, `127.0.0.1:${proxy.port}`);
  });
});

type Disturbance = readonly [string, (send: () => Promise<void>) => Promise<void>];

function disturbancesOf(driver: KafkaDriverName): readonly Disturbance[] {
  const forgotten: Disturbance = ['is reached no more by the connections that there are, only by new ones', forget];
  return [
    ['is killed and comes back', killAndStart],
    ['hangs for longer than the session, and goes on', hang],
    // The other client, an option, does not go on by itself after this.
    ...(driver === 'kafkajs' ? [forgotten] : []),
  ];
}

async function killAndStart(send: () => Promise<void>): Promise<void> {
  await kafka.kill();
  await expect(send()).rejects.toThrow();
  await kafka.start();
}

/** Connections stay, and nothing comes. */
async function hang(send: () => Promise<void>): Promise<void> {
  const pid = kafka.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const since = performance.now();
  try {
    await expect(send()).rejects.toThrow();
    await until(() => performance.now() - since > 8_000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** A router has forgotten them: neither side is told. */
async function forget(send: () => Promise<void>): Promise<void> {
  proxy.forget();
  await expect(send()).rejects.toThrow();
}

describe('data of another Kafka', () => {
  it('is named, with what to do', () => {
    writeFileSync(join(home, 'kafka', 'version'), '3.9.0\n');
    expect(() => checkKafkaData(home, '4.3.1')).toThrow(/written by Kafka 3\.9\.0, this is Kafka 4\.3\.1.*--fresh/);
    checkKafkaData(join(home, 'elsewhere'), '4.3.1');
  });
});

/** Of a producer that has found its way from `bootstrap` and published a record. */
async function connectionsThroughProxy(bootstrap: string): Promise<number> {
  return withClient(
    async (client) => {
      const producer = client.producer();
      try {
        await producer.publish([{ topic: 'waybill.orders', key: 'key', value: 'through', headers: {} }]);
        return proxy.size;
      } finally {
        await producer.disconnect();
      }
    },
    'kafkajs',
    bootstrap,
  );
}

async function publish(topic: string, value: string): Promise<void> {
  await withClient(async (client) => {
    const producer = client.producer();
    try {
      await producer.publish([{ topic, key: 'key', value, headers: {} }]);
    } finally {
      await producer.disconnect();
    }
  });
}

async function firstValueOf(topic: string): Promise<string | undefined> {
  return withClient(async (client) => {
    let seen: string | undefined;
    const handle = async ([record]: readonly ConsumedRecord[]) => {
      seen ??= record?.value?.toString();
    };
    const consumer = client.consumer({ group: 'spec', topics: [topic], handle });
    consumer.start();
    try {
      return await until(() => seen, { what: `a record in ${topic}` });
    } finally {
      await consumer.stop();
    }
  });
}

async function withClient<T>(
  work: (client: KafkaClient) => Promise<T>,
  driver: KafkaDriverName = 'kafkajs',
  brokers = kafka.brokers,
): Promise<T> {
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const client = new KafkaClient({ clientId: 'spec', driver, brokers: [brokers], log });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
