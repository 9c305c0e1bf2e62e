-- @ index: index-not-concurrently
CREATE INDEX orders_status ON orders (status);

-- @ index-if-not-exists: index-not-concurrently
CREATE INDEX IF NOT EXISTS orders_status ON orders (status);

-- @ index-unique: index-not-concurrently
CREATE UNIQUE INDEX orders_number ON orders (number);

-- @ index-partial-in-schema: index-not-concurrently
CREATE INDEX ON sales.orders (status) WHERE status <> 'SHIPPED';

-- @ index-gin: index-not-concurrently
CREATE INDEX orders_tags ON orders USING gin (tags);

-- @ index-concurrently: -
CREATE INDEX CONCURRENTLY orders_status ON orders (status);

-- @ index-concurrently-if-not-exists: hidden-invalid-index
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_status ON orders (status);

-- @ index-concurrently-after-drop: -
DROP INDEX CONCURRENTLY IF EXISTS orders_status;
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_status ON orders (status);

-- @ index-concurrently-in-transaction: concurrently-in-transaction
BEGIN;
CREATE INDEX CONCURRENTLY orders_status ON orders (status);
COMMIT;

-- @ index-wide: wide-index
CREATE INDEX CONCURRENTLY orders_wide ON orders (customer_id, status, created_at, updated_at);

-- @ index-wide-unique: -
CREATE UNIQUE INDEX CONCURRENTLY orders_wide ON orders (customer_id, status, created_at, updated_at);

-- @ index-on-new-table: -
BEGIN;
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL);
CREATE INDEX refunds_order ON refunds (order_id);
COMMIT;

-- @ index-on-table-that-may-exist: index-not-concurrently
BEGIN;
CREATE TABLE IF NOT EXISTS refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL);
CREATE INDEX refunds_order ON refunds (order_id);
COMMIT;

-- @ index-on-copied-table: index-not-concurrently
BEGIN;
CREATE TABLE refunds AS SELECT * FROM orders WHERE status = 'REFUNDED';
CREATE INDEX refunds_order ON refunds (id);
COMMIT;

-- @ drop-index: drop-index-not-concurrently
DROP INDEX orders_status;

-- @ drop-index-if-exists: drop-index-not-concurrently
DROP INDEX IF EXISTS orders_status, orders_number;

-- @ drop-index-concurrently: -
DROP INDEX CONCURRENTLY IF EXISTS orders_status;

-- @ drop-index-concurrently-in-transaction: concurrently-in-transaction
BEGIN;
DROP INDEX CONCURRENTLY IF EXISTS orders_status;
COMMIT;

-- @ drop-unique-index: drop-constraint
DROP INDEX CONCURRENTLY IF EXISTS orders_number;
CREATE UNIQUE INDEX CONCURRENTLY orders_number ON orders (number);
DROP INDEX CONCURRENTLY IF EXISTS orders_number;

-- @ reindex-index: reindex-not-concurrently
REINDEX INDEX orders_status;

-- @ reindex-table: reindex-not-concurrently
REINDEX TABLE orders;

-- @ reindex-concurrently: -
REINDEX TABLE CONCURRENTLY orders;

-- @ reindex-concurrently-in-transaction: concurrently-in-transaction
BEGIN;
REINDEX INDEX CONCURRENTLY orders_status;
COMMIT;

-- @ rename-index: -
ALTER INDEX orders_status RENAME TO orders_by_status;

-- @ attach-index: -
ALTER INDEX events_at ATTACH PARTITION events_2027_at;
