-- @ foreign-key: foreign-key-validated
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- @ foreign-key-without-name: foreign-key-validated
ALTER TABLE sales.orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE;

-- @ foreign-key-not-valid: -
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;

-- @ foreign-key-in-new-column: foreign-key-validated
ALTER TABLE orders ADD COLUMN customer_id bigint REFERENCES customers (id);

-- @ foreign-key-in-new-column-with-default: foreign-key-validated
ALTER TABLE orders ADD COLUMN customer_id bigint DEFAULT 1 REFERENCES customers (id);

-- @ foreign-key-in-new-table: -
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders (id));

-- @ foreign-key-on-new-table: -
BEGIN;
CREATE TABLE refunds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL);
ALTER TABLE refunds ADD CONSTRAINT refunds_order FOREIGN KEY (order_id) REFERENCES orders (id);
COMMIT;

-- @ check: check-validated
ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0);

-- @ check-without-name: check-validated
ALTER TABLE orders ADD CHECK (total >= 0 AND (total < 100 OR vip));

-- @ check-not-valid: -
ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;

-- @ check-in-new-column: check-validated
ALTER TABLE orders ADD COLUMN total numeric CHECK (total >= 0);

-- @ validate: -
ALTER TABLE orders VALIDATE CONSTRAINT orders_total;

-- @ validate-in-the-same-transaction: validate-under-lock
BEGIN;
ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total;
COMMIT;

-- @ validate-in-the-same-statement: validate-under-lock
ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID, VALIDATE CONSTRAINT orders_total;

-- @ validate-under-another-lock: validate-under-lock
BEGIN;
ALTER TABLE customers ADD COLUMN note text;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total;
COMMIT;

-- @ validate-each-by-itself: -
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_total, ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total;

-- @ unique: unique-without-index
ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);

-- @ unique-several: unique-without-index
ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (shop, number);

-- @ unique-using-index: -
ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number;

-- @ unique-in-new-column: unique-without-index
ALTER TABLE orders ADD COLUMN number bigint UNIQUE;

-- @ primary-key: unique-without-index
ALTER TABLE orders ADD PRIMARY KEY (id);

-- @ primary-key-using-index: -
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_id;

-- @ primary-key-using-index-of-nullable: set-not-null
DROP INDEX CONCURRENTLY IF EXISTS orders_id;
CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id);
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_id;

-- @ exclusion: exclusion-constraint
ALTER TABLE bookings ADD CONSTRAINT bookings_apart EXCLUDE USING gist (room WITH =, during WITH &&);

-- @ set-not-null: set-not-null
ALTER TABLE orders ALTER COLUMN reason SET NOT NULL;

-- @ set-not-null-with-check: -
ALTER TABLE orders DROP CONSTRAINT IF EXISTS reason_present, ADD CONSTRAINT reason_present CHECK (reason IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT reason_present;
ALTER TABLE orders ALTER COLUMN reason SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT IF EXISTS reason_present;

-- @ set-not-null-with-check-not-validated: set-not-null
ALTER TABLE orders DROP CONSTRAINT IF EXISTS reason_present, ADD CONSTRAINT reason_present CHECK (reason IS NOT NULL) NOT VALID;
ALTER TABLE orders ALTER COLUMN reason SET NOT NULL;

-- @ set-not-null-with-check-of-another: set-not-null
ALTER TABLE orders DROP CONSTRAINT IF EXISTS reason_present, ADD CONSTRAINT reason_present CHECK (reason IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT reason_present;
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;

-- @ set-not-null-with-check-of-either: set-not-null
ALTER TABLE orders DROP CONSTRAINT IF EXISTS one_present, ADD CONSTRAINT one_present CHECK (reason IS NOT NULL OR note IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT one_present;
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;

-- @ not-null-constraint: set-not-null
ALTER TABLE orders ADD CONSTRAINT reason_present NOT NULL reason;

-- @ not-null-constraint-not-valid: -
ALTER TABLE orders ADD CONSTRAINT reason_present NOT NULL reason NOT VALID;

-- @ drop-not-null: drop-not-null
ALTER TABLE orders ALTER COLUMN reason DROP NOT NULL;

-- @ drop-check: -
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_total, ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;
ALTER TABLE orders DROP CONSTRAINT orders_total;

-- @ drop-unique: drop-constraint
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_number, ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number;
ALTER TABLE orders DROP CONSTRAINT orders_number;

-- @ drop-unknown-constraint: drop-constraint
ALTER TABLE orders DROP CONSTRAINT orders_something;

-- @ domain-constraint: domain-constraint
ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (VALUE > 0);

-- @ domain-constraint-not-valid: -
ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (VALUE > 0) NOT VALID;

-- @ domain-not-null: domain-constraint
ALTER DOMAIN amount SET NOT NULL;

-- @ domain-with-check: domain-with-constraint
CREATE DOMAIN amount AS numeric CHECK (VALUE > 0);

-- @ rename-constraint: -
ALTER TABLE orders RENAME CONSTRAINT orders_total TO orders_total_positive;

-- @ enforce-foreign-key: foreign-key-validated
ALTER TABLE orders ALTER CONSTRAINT orders_customer ENFORCED;

-- @ defer-foreign-key: -
ALTER TABLE orders ALTER CONSTRAINT orders_customer DEFERRABLE INITIALLY DEFERRED;
