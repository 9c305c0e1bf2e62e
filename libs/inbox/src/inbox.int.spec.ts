import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Inbox } from './inbox.js';
import { inboxTables } from './inbox-tables.js';

const event = {
  id: '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
  source: '/waybill/orders',
  type: 'waybill.order.rejected.v1',
  subject: '01937fd1-0000-7000-8000-000000000001',
  time: '2026-11-24T03:00:00.000000Z',
  version: 3,
  partitionKey: '01937fd1-0000-7000-8000-000000000001',
  correlationId: 'c',
  trace: {},
  topic: 'waybill.orders',
  partition: 4,
  offset: '9007199254740993',
};

let database: TestDatabase;
let dataSource: DataSource;
let inbox: Inbox;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [...inboxTables, 'CREATE TABLE effects (n integer)']);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
  inbox = new Inbox('inventory', (run) => dataSource.transaction(run));
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function effects(): Promise<number> {
  return (await database.query('SELECT 1 FROM effects')).length;
}

describe('once', () => {
  it('has one effect for ten deliveries', async () => {
    const outcomes: string[] = [];
    for (let delivery = 0; delivery < 10; delivery++) {
      outcomes.push(
        await inbox.once(event, async (manager) => {
          await manager.query('INSERT INTO effects VALUES (1)');
        }),
      );
    }
    expect(outcomes).toEqual(['done', ...Array.from({ length: 9 }, () => 'duplicate')]);
    expect(await effects()).toBe(1);
  });

  it('has one effect for ten deliveries at the same time', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () =>
        inbox.once(event, async (manager) => {
          await manager.query('INSERT INTO effects VALUES (1)');
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(await effects()).toBe(1);
  });

  it('remembers nothing of an effect that failed, so that the event can come again', async () => {
    const failure = inbox.once(event, async (manager) => {
      await manager.query('INSERT INTO effects VALUES (1)');
      throw new Error('half way');
    });
    await expect(failure).rejects.toThrow('half way');
    expect(await effects()).toBe(0);
    expect(await inbox.once(event, () => Promise.resolve())).toBe('done');
  });

  it('loses effect and memory together when the connection dies before the commit', async () => {
    let alive = 0;
    const first = inbox.once(event, async (manager) => {
      alive++;
      await manager.query('INSERT INTO effects VALUES (1)');
      if (alive === 1) {
        await manager.query('SELECT pg_terminate_backend(pg_backend_pid())');
      }
    });
    await expect(first).rejects.toThrow();
    expect(await effects()).toBe(0);
    const again = await until(() =>
      inbox.once(event, async (manager) => {
        await manager.query('INSERT INTO effects VALUES (1)');
      }),
    );
    expect(again).toBe('done');
    expect(await effects()).toBe(1);
  });

  it('gives each consumer its own memory', async () => {
    const other = new Inbox('shipping', (run) => dataSource.transaction(run));
    expect(await inbox.once(event, () => Promise.resolve())).toBe('done');
    expect(await other.once(event, () => Promise.resolve())).toBe('done');
  });

  it('tells events of two sources apart, though their ids are equal', async () => {
    expect(await inbox.once(event, () => Promise.resolve())).toBe('done');
    expect(await inbox.once({ ...event, source: '/waybill/shipping' }, () => Promise.resolve())).toBe('done');
  });

  it('keeps where the event stood, what it was, and that it came too late', async () => {
    expect(await inbox.once(event, () => Promise.resolve('stale'))).toBe('stale');
    expect(await database.query('SELECT * FROM inbox')).toEqual([
      {
        consumer: 'inventory',
        source: '/waybill/orders',
        id: event.id,
        outcome: 'stale',
        topic: 'waybill.orders',
        partition: 4,
        offset: '9007199254740993',
        subject: event.subject,
        sequence: '3',
        processed_at: expect.any(Date) as Date,
      },
    ]);
  });
});

describe('onceBatch', () => {
  const others = Array.from({ length: 3 }, (_, n) => ({ ...event, id: `01937fd1-7f5a-7c3e-8a55-00000000000${n}` }));

  it('runs one effect over all that are fresh, each once and in their order', async () => {
    await inbox.once(others[1] ?? event, () => Promise.resolve());
    let seen: string[] = [];
    const fresh = await inbox.onceBatch([...others, event, event, ...others], async (manager, events) => {
      seen = events.map(({ id }) => id);
      await manager.query('INSERT INTO effects SELECT 1 FROM generate_series(1, $1)', [events.length]);
    });
    expect(fresh).toBe(3);
    expect(seen).toEqual([others[0]?.id, others[2]?.id, event.id]);
    expect(await effects()).toBe(3);
    expect(await inbox.onceBatch(others, () => Promise.reject(new Error('nothing is fresh')))).toBe(0);
  });

  it('remembers nothing when the effect fails', async () => {
    const failure = inbox.onceBatch(others, async (manager) => {
      await manager.query('INSERT INTO effects VALUES (1)');
      throw new Error('half way');
    });
    await expect(failure).rejects.toThrow('half way');
    expect(await inbox.onceBatch(others, () => Promise.resolve())).toBe(3);
  });
});
