import { publishers, services } from '@waybill/contracts';
import { readTopics, writeRecords } from '../../kafka-record.js';
import { between, oneOf } from '../random.js';
import type { Fault, World } from './fault.js';

/** Kafka killed, Kafka away for a while, records that are copies, or records that are rubbish. */
export function brokerFault(world: World): Fault {
  return oneOf(world.random, [killed, away, killed, copies, rubbish])(world);
}

function killed({ platform, random }: World): Fault {
  return {
    kind: 'broker',
    target: 'kafka',
    detail: 'kill -9',
    durationMs: between(random, 200, 3_000),
    inject: () => platform.kafka.kill(),
    heal: () => platform.kafka.start(),
  };
}

function away({ platform, random }: World): Fault {
  return {
    kind: 'broker',
    target: 'kafka',
    detail: 'stopped in order, and away',
    durationMs: between(random, 3_000, 9_000),
    inject: () => platform.kafka.stop(),
    heal: () => platform.kafka.start(),
  };
}

const COPIES = 100;

/** What a producer does that was not told of an acknowledgement, long after. */
function copies({ platform, random }: World): Fault {
  const { topic } = publishers[oneOf(random, services)];
  return {
    kind: 'broker',
    target: topic,
    detail: `${COPIES} records written once more`,
    durationMs: 0,
    inject: async () => {
      const there = await readTopics(platform.brokers, [topic]);
      if (there.length > 0) {
        const chosen = Array.from({ length: COPIES }, () => oneOf(random, there));
        await writeRecords(platform.brokers, topic, chosen);
      }
    },
    heal: () => Promise.resolve(),
  };
}

function rubbish({ platform, random, planted }: World): Fault {
  const { topic } = publishers[oneOf(random, services)];
  const records = [
    { key: 'rubbish', value: 'this is no event' },
    { key: 'rubbish', value: '{"sku": ', headers: { ce_type: 'waybill.order.placed.v1' } },
    { key: 'rubbish', value: null },
  ];
  return {
    kind: 'broker',
    target: topic,
    detail: `${records.length} records of rubbish`,
    durationMs: 0,
    inject: async () => {
      planted.push(...(await writeRecords(platform.brokers, topic, records)));
    },
    heal: () => Promise.resolve(),
  };
}
