-- Who told us, encrypted apart from the reports; and how far each report is believed.
CREATE TABLE report_sources (
  report_id UUID NOT NULL,
  sealed BYTEA NOT NULL,
  CONSTRAINT pk_report_sources PRIMARY KEY (report_id),
  CONSTRAINT fk_report_sources_report_id FOREIGN KEY (report_id) REFERENCES reports (id)
);
CREATE TABLE grades (
  report_id UUID NOT NULL,
  number INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  source TEXT NOT NULL,
  information TEXT NOT NULL,
  handling_scheme TEXT,
  handling TEXT,
  note TEXT,
  graded_by TEXT NOT NULL,
  graded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_grades PRIMARY KEY (report_id, number),
  CONSTRAINT fk_grades_report_id FOREIGN KEY (report_id) REFERENCES reports (id)
);
