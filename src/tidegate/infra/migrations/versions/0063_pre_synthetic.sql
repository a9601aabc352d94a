-- Whether the instance is a synthetic one: said at its first start, and for ever. Those of before are real.
ALTER TABLE identity ADD COLUMN synthetic boolean NOT NULL DEFAULT false;
