-- The newest version of an item that was seen when a revision was its latest: what is lower is late.
ALTER TABLE revisions
  ADD COLUMN version BIGINT,
  ADD COLUMN edited_at TIMESTAMP WITH TIME ZONE;
