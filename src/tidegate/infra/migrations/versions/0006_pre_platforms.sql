-- Whose a case is: its item's platform, or the bank's of the entry that it is about (null: everybody's).
ALTER TABLE cases ADD COLUMN platform TEXT;

CREATE INDEX ix_cases_platform ON cases (platform, opened_at, id) WHERE state != 'decided';

-- Whose a ledger entry is; null: everybody's. What it commits to stays as it is, and so does the chain.
-- Entries of before have none, and are read by whoever is bound to no platform.
ALTER TABLE ledger_pending ADD COLUMN platform TEXT;

ALTER TABLE ledger ADD COLUMN platform TEXT;

-- A bank of one platform; null: everybody's.
ALTER TABLE banks ADD COLUMN platform TEXT;

-- Which platforms a person is bound to; null: to none, and sees all.
ALTER TABLE users ADD COLUMN platforms TEXT[];
