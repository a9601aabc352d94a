-- Find: items and entries by the keyed terms of their words; decisions by who made them, and how they ended.
CREATE TABLE item_terms (
  item_id UUID NOT NULL,
  number BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  terms BIGINT[] NOT NULL,
  CONSTRAINT pk_item_terms PRIMARY KEY (item_id),
  CONSTRAINT fk_item_terms_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE UNIQUE INDEX uq_item_terms_number ON item_terms (number);
CREATE INDEX ix_item_terms_at ON item_terms (at);
CREATE INDEX ix_item_terms_terms ON item_terms USING gin (terms) WITH (gin_pending_list_limit = 64);
CREATE TABLE entry_terms (
  entry_id UUID NOT NULL,
  number BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  terms BIGINT[] NOT NULL,
  CONSTRAINT pk_entry_terms PRIMARY KEY (entry_id),
  CONSTRAINT fk_entry_terms_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);
CREATE UNIQUE INDEX uq_entry_terms_number ON entry_terms (number);
CREATE INDEX ix_entry_terms_at ON entry_terms (at);
CREATE INDEX ix_entry_terms_terms ON entry_terms USING gin (terms) WITH (gin_pending_list_limit = 64);
CREATE TABLE term_walks (
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  position BIGINT NOT NULL,
  settled BIGINT NOT NULL,
  newest BIGINT NOT NULL,
  horizon BIGINT NOT NULL,
  CONSTRAINT pk_term_walks PRIMARY KEY (name)
);
CREATE INDEX ix_decisions_created_at ON decisions (created_at, id);
CREATE INDEX ix_decisions_decided_by ON decisions (decided_by, created_at, id);
CREATE INDEX ix_decisions_outcome ON decisions (outcome, created_at, id);
CREATE INDEX ix_decisions_label ON decisions (label, created_at, id) WHERE label IS NOT NULL;
CREATE INDEX ix_evaluations_matches ON evaluations USING gin (matches jsonb_path_ops) WHERE matches != '[]';
