-- The desk: cases by rank, decisions that can be taken back before they leave, and what people need to work.
ALTER TABLE cases
  ADD COLUMN claimed_on TEXT,
  ADD COLUMN ranked_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN base_band SMALLINT DEFAULT '4' NOT NULL,
  ADD COLUMN band SMALLINT DEFAULT '4' NOT NULL,
  ADD COLUMN ages_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN waits_since TIMESTAMP WITH TIME ZONE,
  ADD COLUMN because JSONB DEFAULT '[]' NOT NULL,
  ADD COLUMN language TEXT,
  ADD COLUMN label TEXT,
  ADD COLUMN bank TEXT,
  ADD COLUMN channels TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN images SMALLINT DEFAULT '0' NOT NULL,
  ADD COLUMN videos SMALLINT DEFAULT '0' NOT NULL,
  ADD COLUMN others SMALLINT DEFAULT '0' NOT NULL,
  ADD COLUMN severity SMALLINT DEFAULT '3' NOT NULL,
  ADD COLUMN same UUID,
  ADD COLUMN skips SMALLINT DEFAULT '0' NOT NULL;
UPDATE cases SET waits_since = coalesce(reopened_at, opened_at);
CREATE INDEX ix_items_author_received_at ON items (author, received_at);
CREATE INDEX ix_cases_match_entry ON cases ((match ->> 'entry'), decided_at) WHERE decision_id IS NOT NULL;
CREATE INDEX ix_cases_ages_at ON cases (ages_at) WHERE state != 'decided' AND ages_at IS NOT NULL;
CREATE INDEX ix_cases_decided_at ON cases (decided_at, id) WHERE state = 'decided';
CREATE INDEX ix_cases_rank ON cases (band, waits_since, id) INCLUDE (platform, queue, state, language, label, bank, channels, images, videos, others, severity, claimant, claimed_until, same) WHERE state != 'decided';
CREATE INDEX ix_cases_same ON cases (same, band, waits_since, id) WHERE state != 'decided' AND same IS NOT NULL;
CREATE INDEX ix_cases_unranked ON cases (id) WHERE state != 'decided' AND ranked_at IS NULL;
ALTER TABLE decisions
  ADD COLUMN state TEXT DEFAULT 'left' NOT NULL,
  ADD COLUMN leaves_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN entry UUID,
  ADD COLUMN entry_verdict TEXT,
  ADD COLUMN maker TEXT;
CREATE INDEX ix_decisions_held ON decisions (leaves_at) WHERE state = 'held';
CREATE INDEX ix_decisions_held_item ON decisions (item_id) WHERE state = 'held';
CREATE TABLE case_keys (
  key BYTEA NOT NULL,
  case_id UUID NOT NULL,
  CONSTRAINT pk_case_keys PRIMARY KEY (key, case_id),
  CONSTRAINT fk_case_keys_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_keys_case_id ON case_keys (case_id);
CREATE TABLE case_skips (
  case_id UUID NOT NULL,
  person TEXT NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_case_skips PRIMARY KEY (case_id, person),
  CONSTRAINT fk_case_skips_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_skips_until ON case_skips (until);
CREATE TABLE case_readers (
  case_id UUID NOT NULL,
  person TEXT NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_case_readers PRIMARY KEY (case_id, person),
  CONSTRAINT fk_case_readers_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_readers_seen_at ON case_readers (seen_at);
CREATE TABLE drafts (
  person TEXT NOT NULL,
  case_id UUID NOT NULL,
  fields JSONB NOT NULL,
  saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_drafts PRIMARY KEY (person, case_id),
  CONSTRAINT fk_drafts_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_drafts_case_id ON drafts (case_id);
CREATE INDEX ix_drafts_saved_at ON drafts (saved_at);
CREATE TABLE case_notes (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  by TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_case_notes PRIMARY KEY (id),
  CONSTRAINT fk_case_notes_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_notes_case_id ON case_notes (case_id);
CREATE TABLE mentions (
  person TEXT NOT NULL,
  note_id UUID NOT NULL,
  CONSTRAINT pk_mentions PRIMARY KEY (person, note_id),
  CONSTRAINT fk_mentions_note_id FOREIGN KEY(note_id) REFERENCES case_notes (id)
);
CREATE INDEX ix_mentions_note_id ON mentions (note_id);
CREATE TABLE saved_filters (
  id UUID NOT NULL,
  person TEXT,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  made_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_saved_filters PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_saved_filters ON saved_filters (person, name) NULLS NOT DISTINCT;
CREATE TABLE alerts (
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  platform TEXT,
  item_id UUID,
  case_id UUID,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  acknowledged_at TIMESTAMP WITH TIME ZONE,
  acknowledged_by TEXT,
  step BIGINT NOT NULL,
  CONSTRAINT pk_alerts PRIMARY KEY (id),
  CONSTRAINT fk_alerts_item_id FOREIGN KEY(item_id) REFERENCES items (id),
  CONSTRAINT fk_alerts_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_alerts_case_id ON alerts (case_id);
CREATE INDEX ix_alerts_item_id ON alerts (item_id);
CREATE INDEX ix_alerts_step ON alerts (step);
CREATE INDEX ix_alerts_open ON alerts (opened_at) WHERE acknowledged_at IS NULL;
CREATE UNIQUE INDEX uq_alerts_ringing ON alerts (kind, item_id) WHERE acknowledged_at IS NULL;
CREATE TABLE bulks (
  id UUID NOT NULL,
  person TEXT NOT NULL,
  actor TEXT NOT NULL,
  platforms TEXT[],
  decision JSONB NOT NULL,
  undo_seconds FLOAT NOT NULL,
  state TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_bulks PRIMARY KEY (id)
);
CREATE INDEX ix_bulks_person ON bulks (person, created_at);
CREATE INDEX ix_bulks_running ON bulks (created_at) WHERE state IN ('running', 'undoing');
CREATE TABLE bulk_cases (
  bulk_id UUID NOT NULL,
  case_id UUID NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  why TEXT,
  decision_id UUID,
  CONSTRAINT pk_bulk_cases PRIMARY KEY (bulk_id, case_id),
  CONSTRAINT fk_bulk_cases_bulk_id FOREIGN KEY(bulk_id) REFERENCES bulks (id),
  CONSTRAINT fk_bulk_cases_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_bulk_cases_case_id ON bulk_cases (case_id);
CREATE TABLE exposure (
  person TEXT NOT NULL,
  day DATE NOT NULL,
  severity SMALLINT NOT NULL,
  files INTEGER NOT NULL,
  seconds FLOAT NOT NULL,
  CONSTRAINT pk_exposure PRIMARY KEY (person, day, severity)
);
CREATE INDEX ix_exposure_day ON exposure (day);
CREATE TABLE stints (
  person TEXT NOT NULL,
  began_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  revealed_seconds FLOAT DEFAULT '0' NOT NULL,
  hard_in_a_row SMALLINT DEFAULT '0' NOT NULL,
  passed UUID[] DEFAULT '{}' NOT NULL,
  later_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_stints PRIMARY KEY (person)
);
CREATE TABLE preferences (
  person TEXT NOT NULL,
  chosen JSONB NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_preferences PRIMARY KEY (person)
);
CREATE TABLE sent_forms (
  person TEXT NOT NULL,
  key TEXT NOT NULL,
  digest BYTEA NOT NULL,
  location TEXT NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_sent_forms PRIMARY KEY (person, key)
);
CREATE INDEX ix_sent_forms_sent_at ON sent_forms (sent_at);
