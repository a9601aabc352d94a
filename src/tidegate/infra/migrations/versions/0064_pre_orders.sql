-- Legal orders, in and out, with their URLs, each state of these, how they came, and how they were answered.
CREATE TABLE orders (
  id UUID NOT NULL,
  direction TEXT NOT NULL,
  kind TEXT DEFAULT 'order' NOT NULL,
  issuer TEXT NOT NULL,
  order_ref TEXT,
  reference TEXT,
  recipient TEXT NOT NULL,
  state TEXT NOT NULL,
  verified BOOLEAN NOT NULL,
  problems TEXT[] DEFAULT '{}' NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE,
  issued_at TIMESTAMP WITH TIME ZONE,
  channel TEXT NOT NULL,
  annex JSONB,
  contradictory BOOLEAN DEFAULT false NOT NULL,
  non_disclosure_until TIMESTAMP WITH TIME ZONE,
  non_disclosure_first TIMESTAMP WITH TIME ZONE,
  disclosed_at TIMESTAMP WITH TIME ZONE,
  due_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_orders PRIMARY KEY (id)
);
CREATE INDEX ix_orders_created_at ON orders (created_at, id);
CREATE INDEX ix_orders_due_at ON orders (due_at, id);
CREATE INDEX ix_orders_non_disclosure_until ON orders (non_disclosure_until) WHERE non_disclosure_until IS NOT NULL AND disclosed_at IS NULL;
CREATE INDEX ix_orders_order_ref ON orders (issuer, order_ref);
CREATE INDEX ix_orders_reference ON orders (issuer, reference);
CREATE UNIQUE INDEX uq_orders_issuer_order_ref ON orders (direction, issuer, order_ref) WHERE direction = 'out' OR verified AND NOT (problems && ARRAY['not-addressed-to-us', 'synthetic-differs']);
CREATE UNIQUE INDEX uq_orders_issuer_reference ON orders (direction, issuer, reference) WHERE direction = 'out' OR verified AND NOT (problems && ARRAY['not-addressed-to-us', 'synthetic-differs']);
CREATE TABLE order_items (
  order_id UUID NOT NULL,
  n INTEGER NOT NULL,
  url TEXT NOT NULL,
  url_key BYTEA,
  state TEXT NOT NULL,
  problems TEXT[] DEFAULT '{}' NOT NULL,
  candidates UUID[] DEFAULT '{}' NOT NULL,
  item_id UUID,
  measure TEXT,
  at TIMESTAMP WITH TIME ZONE,
  provisional BOOLEAN DEFAULT false NOT NULL,
  hold_id UUID,
  decision_id UUID,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_order_items PRIMARY KEY (order_id, n),
  CONSTRAINT fk_order_items_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
  CONSTRAINT fk_order_items_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE INDEX ix_order_items_item_id ON order_items (item_id);
CREATE INDEX ix_order_items_url_key ON order_items (url_key);
CREATE TABLE order_item_states (
  id UUID NOT NULL,
  order_id UUID NOT NULL,
  n INTEGER NOT NULL,
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  entered_by TEXT NOT NULL,
  left_at TIMESTAMP WITH TIME ZONE,
  given JSONB,
  CONSTRAINT pk_order_item_states PRIMARY KEY (id),
  CONSTRAINT fk_order_item_states_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE INDEX ix_order_item_states_order_id ON order_item_states (order_id, n);
CREATE TABLE order_proposals (
  order_id UUID NOT NULL,
  n INTEGER NOT NULL,
  verb TEXT NOT NULL,
  given JSONB NOT NULL,
  proposed_by TEXT NOT NULL,
  proposer TEXT NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_order_proposals PRIMARY KEY (order_id, n, verb),
  CONSTRAINT fk_order_proposals_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE TABLE order_copies (
  order_id UUID NOT NULL,
  n INTEGER NOT NULL,
  item_id UUID NOT NULL,
  case_id UUID NOT NULL,
  CONSTRAINT pk_order_copies PRIMARY KEY (order_id, n, item_id),
  CONSTRAINT fk_order_copies_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
  CONSTRAINT fk_order_copies_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE INDEX ix_order_copies_item_id ON order_copies (item_id);
CREATE TABLE order_receipts (
  id UUID NOT NULL,
  order_id UUID NOT NULL,
  channel TEXT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  noted_by TEXT NOT NULL,
  file BYTEA,
  content_type TEXT,
  sha256 TEXT,
  place BYTEA,
  CONSTRAINT pk_order_receipts PRIMARY KEY (id),
  CONSTRAINT fk_order_receipts_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE INDEX ix_order_receipts_order_id ON order_receipts (order_id);
CREATE INDEX ix_order_receipts_received_at ON order_receipts (received_at) WHERE place IS NOT NULL;
CREATE TABLE order_documents (
  id UUID NOT NULL,
  order_id UUID NOT NULL,
  name TEXT NOT NULL,
  items INTEGER[] NOT NULL,
  body BYTEA NOT NULL,
  kid TEXT NOT NULL,
  message_id UUID,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by TEXT NOT NULL,
  delivered_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_order_documents PRIMARY KEY (id),
  CONSTRAINT fk_order_documents_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE INDEX ix_order_documents_message_id ON order_documents (message_id);
CREATE INDEX ix_order_documents_order_id ON order_documents (order_id, made_at);
