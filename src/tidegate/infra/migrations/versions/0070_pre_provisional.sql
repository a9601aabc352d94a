-- Authorities whose orders may be executed provisionally when nobody is awake, and how much of an order is so.
ALTER TABLE parties ADD COLUMN provisional BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE orders ADD COLUMN provisional INTEGER DEFAULT 0 NOT NULL;
CREATE INDEX ix_orders_provisional ON orders (id) WHERE provisional > 0;
