-- A reporter counts once for an item: later reports of theirs are kept and shown. Reports of before are
-- told apart by it.
ALTER TABLE reports
  ADD COLUMN counts BOOLEAN DEFAULT true NOT NULL,
  ADD COLUMN escalated BOOLEAN,
  ADD COLUMN problems TEXT[] DEFAULT '{}' NOT NULL;

UPDATE reports SET counts = false FROM (
  SELECT id, row_number() OVER (PARTITION BY item_id, reporter ORDER BY received_at, id) AS place
  FROM reports WHERE reporter IS NOT NULL
) AS told WHERE told.id = reports.id AND told.place > 1;

CREATE INDEX ix_reports_voices ON reports (item_id, reporter) WHERE counts;

CREATE INDEX ix_reports_item_id_received_at_id ON reports (item_id, received_at, id);

CREATE INDEX ix_reports_escalated ON reports (platform, received_at) WHERE escalated;

-- A program of before finds what it asks for without these two.
DROP INDEX ix_reports_item_id;

DROP INDEX ix_reports_case_id;
