-- Who has what goes out: a worker that starts frees what the one before it at its place had.
ALTER TABLE deliveries ADD COLUMN leased_by TEXT;
ALTER TABLE order_messages ADD COLUMN leased_by TEXT;

-- The command on call runs outside of any transaction, and hears first of what nobody can have forged.
ALTER TABLE calls ADD COLUMN proven BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE calls ADD COLUMN ends_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE calls ADD COLUMN leased_until TIMESTAMP WITH TIME ZONE;
ALTER TABLE calls ADD COLUMN leased_by TEXT;
DROP INDEX ix_calls_since;
CREATE INDEX ix_calls_next ON calls (proven DESC, ends_at, since);
