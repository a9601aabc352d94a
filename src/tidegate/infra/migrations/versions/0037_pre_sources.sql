-- Who told us, encrypted apart from the reports.
CREATE TABLE report_sources (
  report_id UUID NOT NULL,
  sealed BYTEA NOT NULL,
  CONSTRAINT pk_report_sources PRIMARY KEY (report_id),
  CONSTRAINT fk_report_sources_report_id FOREIGN KEY (report_id) REFERENCES reports (id)
);
