-- Orders of ours, from draft to end; copies of others' and their scrutiny; what is only claimed.
CREATE TABLE order_drafts (
  order_id UUID NOT NULL,
  given JSONB NOT NULL,
  language TEXT,
  true_purpose TEXT NOT NULL,
  public JSONB,
  cites UUID,
  drafted_by TEXT NOT NULL,
  submitted_by TEXT,
  approved_by TEXT,
  issued_by TEXT,
  deconfliction JSONB,
  emergency TEXT,
  copy_to TEXT,
  ended_reason TEXT,
  CONSTRAINT pk_order_drafts PRIMARY KEY (order_id),
  CONSTRAINT fk_order_drafts_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE TABLE order_states (
  order_id UUID NOT NULL,
  n INTEGER NOT NULL,
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  entered_by TEXT NOT NULL,
  left_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_order_states PRIMARY KEY (order_id, n),
  CONSTRAINT fk_order_states_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE TABLE order_targets (
  owner UUID NOT NULL,
  key BYTEA NOT NULL,
  kind TEXT NOT NULL,
  CONSTRAINT pk_order_targets PRIMARY KEY (owner, key)
);
CREATE INDEX ix_order_targets_key ON order_targets (key);
CREATE TABLE order_claims (
  id UUID NOT NULL,
  owner UUID NOT NULL,
  kind TEXT NOT NULL,
  channel TEXT,
  state TEXT,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  text TEXT,
  evidence TEXT,
  noted_by TEXT NOT NULL,
  noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_order_claims PRIMARY KEY (id)
);
CREATE INDEX ix_order_claims_owner ON order_claims (owner, at);
CREATE TABLE scrutinies (
  id UUID NOT NULL,
  issuer TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  reference TEXT,
  recipient TEXT,
  annex JSONB,
  state TEXT NOT NULL,
  order_state TEXT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE,
  intention TEXT,
  intention_by TEXT,
  intention_at TIMESTAMP WITH TIME ZONE,
  finding TEXT,
  reasons TEXT,
  decided_by TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  communicated_by TEXT,
  communicated_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_scrutinies PRIMARY KEY (id)
);
CREATE INDEX ix_scrutinies_created_at ON scrutinies (created_at, id);
CREATE UNIQUE INDEX uq_scrutinies_issuer_order_ref ON scrutinies (issuer, order_ref);
CREATE TABLE scrutiny_requests (
  id UUID NOT NULL,
  scrutiny_id UUID NOT NULL,
  by TEXT NOT NULL,
  sender TEXT NOT NULL,
  reasons TEXT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  late BOOLEAN NOT NULL,
  CONSTRAINT pk_scrutiny_requests PRIMARY KEY (id),
  CONSTRAINT fk_scrutiny_requests_scrutiny_id FOREIGN KEY(scrutiny_id) REFERENCES scrutinies (id)
);
CREATE INDEX ix_scrutiny_requests_scrutiny_id ON scrutiny_requests (scrutiny_id);
