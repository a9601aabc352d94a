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

-- Trusted flaggers, and notifiers who are warned and suspended.
CREATE TABLE flaggers (
  id UUID NOT NULL,
  name TEXT NOT NULL,
  contact TEXT,
  areas TEXT[] NOT NULL,
  platform TEXT,
  suspended_at TIMESTAMP WITH TIME ZONE,
  suspended_reason TEXT,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_by TEXT NOT NULL,
  CONSTRAINT pk_flaggers PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_flaggers_name ON flaggers (lower(name), coalesce(platform, ''));
CREATE TABLE flagger_keys (
  key_id TEXT NOT NULL,
  flagger_id UUID NOT NULL,
  CONSTRAINT pk_flagger_keys PRIMARY KEY (key_id),
  CONSTRAINT fk_flagger_keys_flagger_id FOREIGN KEY (flagger_id) REFERENCES flaggers (id)
);
CREATE TABLE notifier_measures (
  id UUID NOT NULL,
  platform TEXT NOT NULL,
  reporter TEXT NOT NULL,
  number INTEGER NOT NULL,
  verb TEXT NOT NULL,
  reason TEXT NOT NULL,
  until TIMESTAMP WITH TIME ZONE,
  by TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_notifier_measures PRIMARY KEY (id),
  CONSTRAINT uq_notifier_measures_platform_reporter_number UNIQUE (platform, reporter, number)
);
ALTER TABLE reports ADD COLUMN flagger_id UUID;
CREATE INDEX ix_reports_flagger_id ON reports (flagger_id, received_at) WHERE flagger_id IS NOT NULL;
CREATE INDEX ix_reports_reporter ON reports (platform, reporter) WHERE reporter IS NOT NULL;
