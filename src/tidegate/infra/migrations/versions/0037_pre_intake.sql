-- What reports bring of their own, where it was, and the codes by which reporters find them again.
ALTER TABLE reports
  ADD COLUMN brought_id UUID,
  ADD COLUMN location TEXT,
  ADD COLUMN reference TEXT,
  ADD COLUMN reference_key BYTEA;
ALTER TABLE reports ADD CONSTRAINT fk_reports_brought_id FOREIGN KEY(brought_id) REFERENCES items (id);
CREATE INDEX ix_reports_brought_id ON reports (brought_id) WHERE brought_id IS NOT NULL;
CREATE UNIQUE INDEX uq_reports_reference_key ON reports (reference_key) WHERE reference_key IS NOT NULL;
