import { inboxTables } from '@waybill/inbox';
import { outboxTables } from '@waybill/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `CREATE TABLE shipments (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL UNIQUE,
    status          text NOT NULL CHECK (status IN ('REQUESTED', 'CANCELLING', 'DISPATCHED', 'FAILED', 'CANCELLED')),
    version         integer NOT NULL CHECK (version > 0),
    lines           json NOT NULL,
    ship_to         json,
    label_id        text,
    tracking_code   text,
    reason          text,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_problem    text,
    lease_token     uuid,
    lease_until     timestamptz,
    correlation_id  text NOT NULL,
    causation_id    text NOT NULL,
    traceparent     text,
    tracestate      text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (status <> 'DISPATCHED' OR (label_id IS NOT NULL AND tracking_code IS NOT NULL)),
    CHECK (status NOT IN ('REQUESTED', 'CANCELLING') OR ship_to IS NOT NULL),
    CHECK (status NOT IN ('FAILED', 'CANCELLED') OR reason IS NOT NULL)
  ) WITH (fillfactor = 70)`,
  // What the worker asks for, all day long; shipments that are settled are not in it.
  `CREATE INDEX shipments_due ON shipments (next_attempt_at) WHERE status IN ('REQUESTED', 'CANCELLING')`,
];

export class CreateShipments1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...outboxTables, ...inboxTables]) {
      await runner.query(statement);
    }
  }

  /** Forward only: a table that holds shipments is not dropped by a tool. */
  async down(): Promise<void> {
    throw new Error('CreateShipments has no way back: restore a backup, or write a migration that goes forward');
  }
}
