-- @ create-table: -
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL CHECK (amount > 0), at timestamptz NOT NULL DEFAULT now());

-- @ create-table-small-key: prefer-bigint, prefer-identity
CREATE TABLE refunds (id serial PRIMARY KEY);

-- @ create-table-integer-identity: prefer-bigint
CREATE TABLE refunds (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);

-- @ create-table-with-old-types: prefer-text, prefer-timestamptz
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(20), at timestamp without time zone);

-- @ create-table-line-numbers: -
CREATE TABLE refund_lines (refund_id bigint NOT NULL, line_no integer NOT NULL, PRIMARY KEY (refund_id, line_no));

-- @ drop-table: drop-table
DROP TABLE refunds;

-- @ drop-table-cascade: drop-table, drop-cascade
DROP TABLE IF EXISTS refunds CASCADE;

-- @ force-create: drop-table, force-create-table
DROP TABLE IF EXISTS refunds;
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);

-- @ rename-table: rename-table
ALTER TABLE orders RENAME TO purchases;

-- @ rename-table-in-schema: rename-table
ALTER TABLE sales.orders RENAME TO purchases;

-- @ rename-view: rename-table
ALTER VIEW open_orders RENAME TO unfinished_orders;

-- @ rename-schema: rename-object
ALTER SCHEMA sales RENAME TO shop;

-- @ move-to-schema: rename-object
ALTER TABLE orders SET SCHEMA sales;

-- @ rename-type: rename-object
ALTER TYPE order_state RENAME TO order_status;

-- @ rename-enum-value: rename-enum-value
ALTER TYPE order_state RENAME VALUE 'SHIPPED' TO 'SENT';

-- @ add-enum-value: -
ALTER TYPE order_state ADD VALUE IF NOT EXISTS 'RETURNED' AFTER 'SHIPPED';

-- @ add-attribute: -
ALTER TYPE address ADD ATTRIBUTE country text;

-- @ drop-attribute: composite-type
ALTER TYPE address DROP ATTRIBUTE country;

-- @ change-attribute: composite-type
ALTER TYPE address ALTER ATTRIBUTE zip TYPE bigint;

-- @ drop-view: drop-object
DROP VIEW open_orders;

-- @ drop-type: drop-object
DROP TYPE order_state;

-- @ drop-function: drop-object
DROP FUNCTION make_code(text);

-- @ drop-trigger: drop-object
DROP TRIGGER orders_sync ON orders;

-- @ drop-schema-cascade: drop-object, drop-cascade
DROP SCHEMA sales CASCADE;

-- @ drop-database: drop-database
DROP DATABASE shop;

-- @ truncate: truncate
TRUNCATE refunds;

-- @ truncate-cascade: truncate, drop-cascade
TRUNCATE TABLE refunds CASCADE;

-- @ lock-table: lock-table
BEGIN;
LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;
COMMIT;

-- @ lock-table-softly: -
BEGIN;
LOCK TABLE orders IN ROW EXCLUSIVE MODE;
COMMIT;

-- @ vacuum: -
VACUUM (ANALYZE) orders;

-- @ vacuum-full: rewrite-table
VACUUM FULL orders;

-- @ vacuum-in-transaction: concurrently-in-transaction
BEGIN;
VACUUM orders;
COMMIT;

-- @ cluster: rewrite-table
CLUSTER orders USING orders_status;

-- @ set-tablespace: rewrite-table
ALTER TABLE orders SET TABLESPACE fast;

-- @ set-logged: rewrite-table
ALTER TABLE orders SET LOGGED;

-- @ set-access-method: rewrite-table
ALTER TABLE orders SET ACCESS METHOD heap;

-- @ refresh-view: refresh-not-concurrently
REFRESH MATERIALIZED VIEW sales_by_day;

-- @ refresh-view-concurrently: -
REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;

-- @ disable-trigger: disable-trigger
ALTER TABLE orders DISABLE TRIGGER ALL;

-- @ replica-role: disable-trigger
SET session_replication_role = 'replica';

-- @ row-security: row-security
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

-- @ create-rule: create-rule
CREATE RULE orders_no_delete AS ON DELETE TO orders DO INSTEAD NOTHING;

-- @ create-trigger: -
CREATE TRIGGER orders_sync BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION orders_sync();

-- @ create-view: -
CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders WHERE status = 'PLACED';

-- @ partition-of: attach-partition
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- @ attach-partition: attach-partition
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- @ attach-new-partition: -
BEGIN;
CREATE TABLE events_2027 (LIKE events INCLUDING ALL);
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
COMMIT;

-- @ detach-partition: detach-partition
ALTER TABLE events DETACH PARTITION events_2025;

-- @ detach-partition-concurrently: -
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;

-- @ locks-several-tables: locks-several-tables
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE customers ADD COLUMN note text;
COMMIT;

-- @ two-tables-in-two-transactions: -
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT;
BEGIN;
ALTER TABLE customers ADD COLUMN note text;
COMMIT;
