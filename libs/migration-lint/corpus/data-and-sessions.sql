-- @ update: change-of-data
UPDATE orders SET channel = 'web';

-- @ update-where: change-of-data
UPDATE orders SET channel = 'web' WHERE channel IS NULL OR channel = '';

-- @ update-by-key: -
UPDATE settings SET value = '5' WHERE id = 7;

-- @ delete: change-of-data
DELETE FROM orders WHERE created_at < now() - interval '5 years';

-- @ insert-select: change-of-data
INSERT INTO refunds (order_id) SELECT id FROM orders WHERE status = 'REFUNDED';

-- @ insert-values: -
INSERT INTO settings (id, value) VALUES (1, 'a'), (2, 'b');

-- @ insert-series: -
INSERT INTO shards (id) SELECT generate_series(0, 31);

-- @ merge: change-of-data
MERGE INTO stock USING counts ON stock.sku = counts.sku WHEN MATCHED THEN UPDATE SET on_hand = counts.on_hand;

-- @ call-of-function: unknown-function
SELECT fill_channels();

-- @ call-of-procedure: unknown-function
CALL fill_channels();

-- @ do-block: column-required
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'x') THEN
    ALTER TABLE orders ADD COLUMN channel text NOT NULL;
  END IF;
END $$;

-- @ do-block-update: change-of-data
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP UPDATE orders SET a = 1 WHERE b = r.id; END LOOP; END $$;

-- @ do-block-dynamic: unjudged
DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$;

-- @ do-block-constant-execute: drop-table
DO $$ BEGIN EXECUTE 'DROP TABLE orders'; END $$;

-- @ do-block-python: unjudged
DO LANGUAGE plpython3u $$ print(1) $$;

-- @ trigger-function: -
CREATE OR REPLACE FUNCTION orders_sync() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE totals SET n = n + 1; NEW.b := NEW.a; RETURN NEW; END $$;

-- @ function-with-schema-change: drop-table
CREATE FUNCTION tidy() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE refunds; END $$;

-- @ copy: unjudged
COPY orders FROM '/tmp/orders.csv';

-- @ alter-system: concurrently-in-transaction
BEGIN;
ALTER SYSTEM SET work_mem = '1GB';
COMMIT;

-- @ no-timeouts (bare): lock-timeout, statement-timeout
ALTER TABLE orders ADD COLUMN note text;

-- @ no-statement-timeout (bare): statement-timeout
SET lock_timeout = '1s';
ALTER TABLE orders ADD COLUMN note text;

-- @ timeouts-by-function (bare): -
SELECT set_config('lock_timeout', '1s', false);
SELECT set_config('statement_timeout', '15s', false);
ALTER TABLE orders ADD COLUMN note text;

-- @ no-timeouts-on-new-table (bare): -
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);

-- @ timeout-off: lock-timeout
SET lock_timeout = 0;

-- @ not-rerunnable: not-rerunnable
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';

-- @ rerunnable: -
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';

-- @ open-transaction: open-transaction
BEGIN;
ALTER TABLE orders ADD COLUMN note text;

-- @ syntax-error: syntax-error
ALTER TABEL orders ADD COLUMN note text;

-- @ grant: -
GRANT SELECT ON orders TO reporting;

-- @ comment: -
COMMENT ON TABLE orders IS 'What customers have asked for';

-- @ extension: -
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- @ naive (bare): index-not-concurrently, column-required, set-not-null, rename-column, change-column-type, foreign-key-validated, change-of-data, lock-timeout, statement-timeout, locks-several-tables
BEGIN;
CREATE INDEX orders_customer_index ON orders (customer);
ALTER TABLE orders ADD COLUMN channel text NOT NULL;
UPDATE orders SET reason = '' WHERE reason IS NULL;
ALTER TABLE orders ALTER COLUMN reason SET NOT NULL;
ALTER TABLE orders RENAME COLUMN customer TO customer_id;
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint USING customer_id::bigint;
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);
ALTER TABLE customers ADD COLUMN orders_count bigint NOT NULL DEFAULT 0;
COMMIT;

-- @ delete-in-with: change-of-data
WITH gone AS (DELETE FROM orders WHERE status = 'REJECTED' RETURNING id) SELECT count(*) FROM gone;

-- @ update-by-key-with-change-in-with: change-of-data
WITH moved AS (DELETE FROM orders RETURNING id) UPDATE settings SET value = '5' WHERE id = 7;

-- @ explain-analyze: unjudged
EXPLAIN ANALYZE DELETE FROM orders;

-- @ revoke: revoke
REVOKE SELECT ON orders FROM reporting;

-- @ update-with-query: change-of-data
UPDATE orders SET channel = (SELECT name FROM channels WHERE channels.id = orders.channel_id) WHERE channel IS NULL RETURNING id;

-- @ reset-all: lock-timeout, statement-timeout
RESET ALL;
