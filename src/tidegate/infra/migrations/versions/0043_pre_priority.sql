-- A case has a score: its place in its band is a time, and what the score is made of stands beside it. How
-- reporters have fared, and what is learnt from decisions.
ALTER TABLE cases ADD COLUMN place_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE cases ADD COLUMN scoring JSONB;
ALTER TABLE cases ADD COLUMN scored_by TEXT DEFAULT '' NOT NULL;
-- As they stood; the worker scores them moments later.
UPDATE cases SET place_at = waits_since WHERE state != 'decided';
CREATE INDEX ix_cases_place ON cases (band, place_at, id)
  INCLUDE (platform, queue, state, language, label, bank, channels, images, videos, others, severity, claimant, claimed_until, same, waits_since)
  WHERE state != 'decided';
CREATE INDEX ix_cases_same_place ON cases (same, band, place_at, id) WHERE state != 'decided' AND same IS NOT NULL;
CREATE INDEX ix_cases_scored_by ON cases (scored_by) WHERE state != 'decided';
CREATE INDEX ix_cases_first_matches_place ON cases (band, place_at, id)
  WHERE state != 'decided' AND (match ->> 'confirmed') = 'false';
CREATE INDEX ix_cases_of_entries_place ON cases (band, place_at, id)
  WHERE state != 'decided' AND subject_kind = 'entry';
CREATE TABLE reporter_records (
  reporter TEXT NOT NULL,
  upheld INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_reporter_records PRIMARY KEY (reporter)
);
CREATE INDEX ix_reporter_records_last_at ON reporter_records (last_at);
CREATE TABLE learned_models (
  version INTEGER NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decisions INTEGER NOT NULL,
  urgent INTEGER NOT NULL,
  figures JSONB NOT NULL,
  state BYTEA,
  replay BYTEA,
  CONSTRAINT pk_learned_models PRIMARY KEY (version)
);
CREATE TABLE outcomes_read (
  reader TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  decision_id UUID NOT NULL,
  CONSTRAINT pk_outcomes_read PRIMARY KEY (reader)
);
