-- How long a target asked to be left alone (Retry-After).
ALTER TABLE webhooks ADD COLUMN paused_until timestamptz;
