-- Second eyes, and blind looks at what was decided: who concluded what, and how that ended.
CREATE TABLE looks (
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  case_id UUID NOT NULL,
  shown_as UUID,
  item_id UUID NOT NULL,
  revision INTEGER NOT NULL,
  gold_of UUID,
  answers JSONB NOT NULL,
  choices TEXT[] NOT NULL,
  people TEXT[] NOT NULL,
  not_for TEXT[] NOT NULL,
  opened_by TEXT[] DEFAULT '{}' NOT NULL,
  told TEXT[] DEFAULT '{}' NOT NULL,
  label TEXT,
  language TEXT,
  decision_id UUID,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_looks PRIMARY KEY (id),
  CONSTRAINT fk_looks_item_id FOREIGN KEY (item_id) REFERENCES items (id)
);
CREATE INDEX ix_looks_case_id ON looks (case_id);
CREATE INDEX ix_looks_shown_as ON looks (shown_as);
CREATE INDEX ix_looks_item_id ON looks (item_id);
CREATE INDEX ix_looks_gold_of ON looks (gold_of);
CREATE INDEX ix_looks_decision_id ON looks (decision_id);
CREATE INDEX ix_looks_live ON looks (kind, created_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_looks_second ON looks (case_id) WHERE ended_at IS NULL AND kind = 'second';
CREATE INDEX ix_looks_ended_at ON looks (ended_at);
