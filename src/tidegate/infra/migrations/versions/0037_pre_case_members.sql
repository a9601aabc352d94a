-- Tips that say the same wait in one case, and each gets a decision of its own.
CREATE TABLE case_members (
  case_id UUID NOT NULL,
  item_id UUID NOT NULL,
  joined INTEGER NOT NULL,
  joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_with UUID,
  own_case UUID,
  decision_id UUID,
  CONSTRAINT pk_case_members PRIMARY KEY (case_id, item_id),
  CONSTRAINT fk_case_members_case_id FOREIGN KEY (case_id) REFERENCES cases (id),
  CONSTRAINT fk_case_members_item_id FOREIGN KEY (item_id) REFERENCES items (id)
);
CREATE INDEX ix_case_members_decided_with ON case_members (decided_with);
CREATE UNIQUE INDEX uq_case_members_item_id ON case_members (item_id) WHERE decided_with IS NULL;
