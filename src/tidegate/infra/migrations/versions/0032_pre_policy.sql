-- Drafts of packs, replays of them, who put which version into force and why, and what shadow rules said.
CREATE TABLE pack_drafts (
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  digest BYTEA NOT NULL,
  revision INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_pack_drafts PRIMARY KEY (name)
);
CREATE TABLE pack_changes (
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  draft TEXT,
  pack TEXT NOT NULL,
  digest BYTEA NOT NULL,
  previous TEXT,
  rolls_back_to TEXT,
  reason TEXT NOT NULL,
  replay_id UUID,
  newly_restricted INTEGER,
  proposed_by TEXT NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_by TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_pack_changes PRIMARY KEY (id)
);
CREATE INDEX ix_pack_changes_decided_at ON pack_changes (decided_at);
CREATE UNIQUE INDEX uq_pack_changes_proposed ON pack_changes (digest) WHERE state = 'proposed';
CREATE TABLE replays (
  id UUID NOT NULL,
  draft TEXT NOT NULL,
  source TEXT NOT NULL,
  digest BYTEA NOT NULL,
  days INTEGER NOT NULL,
  actor TEXT NOT NULL,
  platforms TEXT[],
  state TEXT NOT NULL,
  first UUID NOT NULL,
  reached UUID NOT NULL,
  last UUID NOT NULL,
  total INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  counts JSONB NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_replays PRIMARY KEY (id)
);
CREATE INDEX ix_replays_draft ON replays (draft);
CREATE INDEX ix_replays_running ON replays (created_at) WHERE state = 'running';
CREATE TABLE replay_examples (
  replay_id UUID NOT NULL,
  place INTEGER NOT NULL,
  item_id UUID NOT NULL,
  revision INTEGER NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  language TEXT NOT NULL,
  labels TEXT[] NOT NULL,
  exemption TEXT,
  fired TEXT[] NOT NULL,
  CONSTRAINT pk_replay_examples PRIMARY KEY (replay_id, place),
  CONSTRAINT fk_replay_examples_replay_id FOREIGN KEY(replay_id) REFERENCES replays (id),
  CONSTRAINT fk_replay_examples_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE INDEX ix_replay_examples_item_id ON replay_examples (item_id);
CREATE TABLE shadow_hits (
  evaluation_id UUID NOT NULL,
  rule TEXT NOT NULL,
  version INTEGER NOT NULL,
  pack TEXT NOT NULL,
  item_id UUID NOT NULL,
  revision INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  verdict TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_shadow_hits PRIMARY KEY (evaluation_id, rule),
  CONSTRAINT fk_shadow_hits_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE INDEX ix_shadow_hits_item_id ON shadow_hits (item_id);
CREATE INDEX ix_shadow_hits_rule ON shadow_hits (rule, version, created_at);
