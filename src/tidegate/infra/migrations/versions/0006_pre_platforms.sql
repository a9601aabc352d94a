-- Whose a case is: its item's platform, or the bank's of the entry that it is about (null: everybody's).
ALTER TABLE cases ADD COLUMN platform TEXT;

CREATE INDEX ix_cases_platform ON cases (platform, opened_at, id) WHERE state != 'decided';
