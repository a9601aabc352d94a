-- That somebody has seen the files by whose likeness they decide; shared filters are of platforms.
CREATE TABLE seen_files (
  mark BYTEA NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_seen_files PRIMARY KEY (mark)
);
CREATE INDEX ix_seen_files_at ON seen_files (at);
ALTER TABLE saved_filters ADD COLUMN platforms TEXT[];
DROP INDEX uq_saved_filters;
CREATE UNIQUE INDEX uq_saved_filters ON saved_filters (person, platforms, name) NULLS NOT DISTINCT;
