-- Keys end, rotate and are bound to networks and channels of reports; the secrets of webhooks rotate.
ALTER TABLE keys
  ADD COLUMN old_hash BYTEA,
  ADD COLUMN old_until TIMESTAMP WITH TIME ZONE,
  ADD COLUMN expires_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN networks TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN channels TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN rate TEXT;

ALTER TABLE webhooks
  ADD COLUMN old_secret TEXT,
  ADD COLUMN old_until TIMESTAMP WITH TIME ZONE;
