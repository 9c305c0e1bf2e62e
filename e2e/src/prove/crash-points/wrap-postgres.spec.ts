import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { PortCall } from './trap.js';
import { type PostgresClient, wrapPostgres } from './wrap-postgres.js';

let sent: unknown[][];
let calls: PortCall<unknown>[];
let client: PostgresClient;
const destroy = vi.fn();

beforeEach(() => {
  vi.resetAllMocks();
  sent = [];
  calls = [];
  class Client implements PostgresClient {
    readonly connection = { stream: { destroy } };

    query(...args: unknown[]): unknown {
      sent.push(args);
      return Promise.resolve('rows');
    }
  }
  wrapPostgres(Client.prototype, {
    through: (call) => {
      calls.push(call);
      return call.make();
    },
  });
  client = new Client();
});

describe('a statement', () => {
  it('goes through the traps as it came, as text or as an object', async () => {
    expect(await client.query('SELECT 1 FROM a', [1])).toBe('rows');
    expect(await client.query({ name: 'n', text: 'SELECT 1 FROM b', values: [2] })).toBe('rows');
    expect(sent).toEqual([['SELECT 1 FROM a', [1]], [{ name: 'n', text: 'SELECT 1 FROM b', values: [2] }]]);
    expect(calls.map(({ operation }) => operation)).toEqual(['SELECT FROM a', 'SELECT FROM b']);
  });

  it('that submits itself, or has a callback, passes by them', () => {
    const cursor = { text: 'SELECT 1', submit: vi.fn() };
    const callback = vi.fn();
    client.query(cursor);
    client.query('SELECT 1', callback);
    client.query('SELECT 1', [1], callback);
    expect(sent).toEqual([[cursor], ['SELECT 1', callback], ['SELECT 1', [1], callback]]);
    expect(calls).toEqual([]);
  });
});

describe('an answer', () => {
  const canBeLost = () => calls.at(-1)?.lost !== undefined;

  it('can be lost of a COMMIT, and of a change that is a transaction by itself', async () => {
    await client.query('UPDATE outbox_leases SET until = now()');
    expect(canBeLost()).toBe(true);
    await client.query('BEGIN');
    await client.query('UPDATE orders SET status = $1', ['SHIPPED']);
    expect(canBeLost()).toBe(false);
    await client.query('COMMIT');
    expect(canBeLost()).toBe(true);
    await client.query('WITH gone AS (SELECT 1) DELETE FROM outbox');
    expect(canBeLost()).toBe(true);
    await client.query('SELECT 1');
    expect(canBeLost()).toBe(false);
  });

  it('that is lost looks like a connection that broke, and it is broken', async () => {
    await client.query('COMMIT');
    // isConnectionLost of @waybill/database goes by these words of pg's.
    expect(calls[0]?.lost?.().message).toBe('Connection terminated unexpectedly');
    expect(destroy).toHaveBeenCalledOnce();
  });
});
