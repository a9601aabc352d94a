-- Who has what goes out: a worker that starts frees what the one before it at its place had.
ALTER TABLE deliveries ADD COLUMN leased_by TEXT;
ALTER TABLE order_messages ADD COLUMN leased_by TEXT;
