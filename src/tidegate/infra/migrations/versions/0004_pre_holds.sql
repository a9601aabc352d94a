-- Holds with a purpose, an end and a source; openings of what only a hold keeps.
ALTER TABLE items ADD COLUMN kept_by_hold_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE holds
  ADD COLUMN purpose TEXT DEFAULT 'other' NOT NULL,
  ADD COLUMN source TEXT,
  ADD COLUMN until TIMESTAMP WITH TIME ZONE;

CREATE INDEX ix_holds_until ON holds (until) WHERE lifted_at IS NULL AND until IS NOT NULL;

CREATE TABLE openings (
  id UUID NOT NULL,
  hold_id UUID NOT NULL,
  item_id UUID NOT NULL,
  purpose TEXT NOT NULL,
  justification TEXT NOT NULL,
  case_name TEXT,
  opened_by TEXT NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_openings PRIMARY KEY (id),
  CONSTRAINT fk_openings_hold_id FOREIGN KEY (hold_id) REFERENCES holds (id),
  CONSTRAINT fk_openings_item_id FOREIGN KEY (item_id) REFERENCES items (id)
);

CREATE INDEX ix_openings_hold_id ON openings (hold_id);

CREATE INDEX ix_openings_item_id ON openings (item_id, opened_by, until);
