-- A case is about a subject: an item, as all were so far, or something that has none.
-- The program of 0.1 does not know that, and opens no cases on it any more.
ALTER TABLE cases ADD subject_kind TEXT, ADD subject_id UUID, ADD version INTEGER;
UPDATE cases SET subject_kind = 'item', subject_id = item_id, version = 1;
ALTER TABLE cases
  ALTER subject_kind SET NOT NULL,
  ALTER subject_id SET NOT NULL,
  ALTER version SET NOT NULL,
  ALTER item_id DROP NOT NULL,
  ALTER revision DROP NOT NULL;
CREATE INDEX ix_cases_subject_id ON cases (subject_id);
CREATE UNIQUE INDEX uq_cases_subject ON cases (subject_kind, subject_id) WHERE state != 'decided';
DROP INDEX uq_cases_item_id;

ALTER TABLE decisions ALTER item_id DROP NOT NULL, ALTER revision DROP NOT NULL;
CREATE INDEX ix_decisions_case_id ON decisions (case_id);

ALTER TABLE messages ALTER item_id DROP NOT NULL;
