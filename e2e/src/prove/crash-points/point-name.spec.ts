import { describe, expect, it } from 'vitest';
import { operationOf, pointName } from './point-name.js';

const root = 'file:///somewhere/waybill';
const stackOf = (...frames: readonly string[]) => ['Error', ...frames.map((frame) => `    at ${frame}`)].join('\n');

const ports = [
  `install (${root}/e2e/dist/prove/crash-points/install.js:40:15)`,
  `PreparingClient.query (${root}/libs/database/dist/preparing-client.js:20:9)`,
  `/somewhere/waybill/node_modules/typeorm/driver/postgres/PostgresQueryRunner.js:196:52`,
];

describe('the name of a call', () => {
  it('is who made it, behind the ports, and who began what led to it', () => {
    const stack = stackOf(
      ...ports,
      `async rememberEvents (${root}/libs/inbox/dist/dedup-rows.js:12:20)`,
      `async RetryWorker.handle (${root}/libs/inbox/dist/retry-worker.js:99:9)`,
      `async runOnce (${root}/libs/database/dist/transaction.js:44:18)`,
      `async RetryWorker.run (${root}/libs/inbox/dist/retry-worker.js:70:9)`,
    );
    expect(pointName(stack, 'INSERT INTO inbox')).toBe('retry-worker > inbox/dedup-rows rememberEvents: INSERT INTO inbox');
  });

  it('does not say who only turns the crank', () => {
    const stack = stackOf(
      ...ports,
      `async Outbox.append (${root}/libs/outbox/dist/outbox.js:9:9)`,
      `async DeadlineTimer.expireAll (${root}/apps/orders/dist/timer/deadline-timer.js:66:30)`,
      `async PeriodicWorker.run (${root}/libs/service-defaults/dist/periodic-worker.js:42:17)`,
    );
    expect(pointName(stack, 'INSERT INTO outbox')).toBe('deadline-timer > outbox/outbox append: INSERT INTO outbox');
  });

  it('says a file that began it itself once', () => {
    const stack = stackOf(...ports, `async ShardLeases.renew (${root}/libs/outbox/dist/shard-leases.js:7:7)`);
    expect(pointName(stack, 'UPDATE outbox_leases')).toBe('outbox/shard-leases renew: UPDATE outbox_leases');
  });

  it('has no line numbers, so that an edit elsewhere in the file leaves it', () => {
    const at = (line: number) => stackOf(`async Outbox.append (${root}/libs/outbox/dist/outbox.js:${line}:3)`);
    expect(pointName(at(3), 'INSERT INTO outbox')).toBe(pointName(at(300), 'INSERT INTO outbox'));
  });

  it('is a step of the stop where only the stop is on the stack, and not where it waits for others', () => {
    const step = `GracefulShutdown.runStep (${root}/libs/graceful-shutdown/dist/graceful-shutdown.js:150:13)`;
    expect(pointName(stackOf(step), 'intake, consumer')).toBe('shutdown: intake, consumer');
    const leaving = stackOf(`EventConsumer.stayInGroup (${root}/libs/kafka/dist/consumer.js:9:9)`, `async ${step}`);
    expect(pointName(leaving, 'disconnect')).toBe('kafka/consumer stayInGroup: disconnect');
  });

  it('is none for a stranger, and for who only looks', () => {
    expect(pointName(stackOf('Object.query (/somewhere/else.js:1:1)'), 'SELECT')).toBeUndefined();
    expect(pointName(stackOf(...ports, `async DatabaseLink.check (${root}/libs/service-defaults/dist/database-link.js:4:4)`), 'SELECT')).toBeUndefined();
  });

  it('copes with functions that have no name, and with aliases', () => {
    const file = `${root}/apps/shipping/dist/carrier/carrier-worker.js:5:5`;
    expect(pointName(stackOf(`async ${file}`), 'COMMIT')).toBe('shipping/carrier/carrier-worker: COMMIT');
    expect(pointName(stackOf(`async Object.publish [as run] (${file})`), 'COMMIT')).toBe('shipping/carrier/carrier-worker publish: COMMIT');
  });
});

describe('the operation of a statement', () => {
  it.each([
    ['COMMIT', 'COMMIT'],
    ['SELECT topic, key FROM parked_keys WHERE consumer = $1', 'SELECT FROM parked_keys'],
    ['SELECT round(extract(epoch FROM at))::bigint FROM parked', 'SELECT FROM parked'],
    ['SELECT pg_try_advisory_xact_lock(1)', 'SELECT pg_try_advisory_xact_lock'],
    ['INSERT INTO inbox (consumer) VALUES ($1)', 'INSERT INTO inbox'],
    ['INSERT INTO inbox(consumer) VALUES ($1)', 'INSERT INTO inbox'],
    ['UPDATE "orders" SET status = $1', 'UPDATE orders'],
    ['  DELETE FROM parked WHERE id = $1', 'DELETE FROM parked'],
    ['WITH old AS MATERIALIZED (SELECT 1 FROM a FOR UPDATE SKIP LOCKED) DELETE FROM inbox USING old', 'WITH DELETE FROM inbox'],
    ['WITH RECURSIVE known AS (SELECT min(source) FROM inbox) SELECT source FROM known', 'WITH SELECT FROM inbox'],
    ["NOTIFY waybill_outbox, '3'", 'NOTIFY waybill_outbox'],
    ['SET enable_seqscan = off', 'SET enable_seqscan'],
    ['-- why\nROLLBACK', 'ROLLBACK'],
  ])('of %s is %s', (statement, operation) => {
    expect(operationOf(statement)).toBe(operation);
  });
});
