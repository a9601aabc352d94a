-- Messages about legal orders, in and out, with their receipts; and what was too much to take.
CREATE TABLE order_messages (
  id UUID NOT NULL,
  direction TEXT NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  order_ref TEXT,
  order_id UUID,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE,
  jws BYTEA NOT NULL,
  digest BYTEA NOT NULL,
  sha256 TEXT NOT NULL,
  verified BOOLEAN NOT NULL,
  problems TEXT[] NOT NULL,
  receipt BYTEA,
  place BYTEA,
  state TEXT NOT NULL,
  attempts INTEGER DEFAULT '0' NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE,
  leased_until TIMESTAMP WITH TIME ZONE,
  first_attempt_at TIMESTAMP WITH TIME ZONE,
  last_error TEXT,
  delivered_at TIMESTAMP WITH TIME ZONE,
  queued_at TIMESTAMP WITH TIME ZONE,
  ring_id UUID,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_order_messages PRIMARY KEY (id)
);
CREATE INDEX ix_order_messages_about ON order_messages (sender, order_ref);
CREATE INDEX ix_order_messages_due ON order_messages (recipient, next_at) WHERE state = 'pending';
CREATE INDEX ix_order_messages_order_id ON order_messages (order_id);
CREATE INDEX ix_order_messages_undelivered ON order_messages (queued_at) WHERE state IN ('pending', 'dead') AND ring_id IS NULL;
CREATE INDEX ix_order_messages_unverified ON order_messages (received_at) WHERE direction = 'in' AND NOT verified;
CREATE UNIQUE INDEX uq_order_messages_digest ON order_messages (direction, digest);
CREATE UNIQUE INDEX uq_order_messages_message ON order_messages (direction, sender, recipient, coalesce(order_ref, ''), message) WHERE verified;
CREATE TABLE order_refusals (
  id UUID NOT NULL,
  kid TEXT NOT NULL,
  digest BYTEA NOT NULL,
  head BYTEA NOT NULL,
  size BIGINT NOT NULL,
  refused_as TEXT NOT NULL,
  place BYTEA,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_order_refusals PRIMARY KEY (id),
  CONSTRAINT uq_order_refusals_digest UNIQUE (digest)
);
CREATE INDEX ix_order_refusals_received_at ON order_refusals (received_at);
