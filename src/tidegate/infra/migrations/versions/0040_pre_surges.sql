-- What arrives is counted by bins, surges are found in it, and incidents are opened.
CREATE INDEX ix_reports_arrival_bin ON reports (date_bin('00:05:00'::interval, CASE WHEN (received_at - created_at > '24:00:00'::interval OR received_at - created_at < '00:00:00'::interval) THEN received_at ELSE created_at END, '2000-01-01 00:00:00+00'::timestamptz));
CREATE TABLE arrivals (
  platform TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  bin TIMESTAMP WITH TIME ZONE NOT NULL,
  count INTEGER NOT NULL,
  CONSTRAINT pk_arrivals PRIMARY KEY (platform, kind, key, bin)
);
CREATE INDEX ix_arrivals_bin ON arrivals (bin);
CREATE TABLE arrival_marks (
  name TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_arrival_marks PRIMARY KEY (name)
);
CREATE TABLE incidents (
  id UUID NOT NULL,
  platform TEXT,
  scheme TEXT NOT NULL,
  scheme_version INTEGER NOT NULL,
  state TEXT NOT NULL,
  title TEXT,
  note TEXT,
  level TEXT,
  criteria TEXT[] DEFAULT '{}' NOT NULL,
  kind TEXT,
  key TEXT,
  queue TEXT,
  routes JSONB,
  bank TEXT,
  proposed_by TEXT NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  opened_by TEXT,
  opened_at TIMESTAMP WITH TIME ZONE,
  opening_reason TEXT,
  closed_by TEXT,
  closed_at TIMESTAMP WITH TIME ZONE,
  outcome TEXT,
  closing_reason TEXT,
  figures JSONB,
  CONSTRAINT pk_incidents PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_incidents_series ON incidents (platform, kind, key) WHERE state != 'closed' AND kind IS NOT NULL;
CREATE INDEX ix_incidents_state ON incidents (state, proposed_at, id);
CREATE TABLE incident_steps (
  incident_id UUID NOT NULL,
  step TEXT NOT NULL,
  note TEXT,
  taken_by TEXT NOT NULL,
  taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_incident_steps PRIMARY KEY (incident_id, step),
  CONSTRAINT fk_incident_steps_incident_id FOREIGN KEY (incident_id) REFERENCES incidents (id)
);
CREATE TABLE bursts (
  id UUID NOT NULL,
  platform TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  began_at TIMESTAMP WITH TIME ZONE NOT NULL,
  found_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  scale SMALLINT NOT NULL,
  observed INTEGER NOT NULL,
  expected FLOAT NOT NULL,
  p FLOAT NOT NULL,
  p_before FLOAT NOT NULL,
  p_days FLOAT,
  calm FLOAT NOT NULL,
  incident_id UUID,
  CONSTRAINT pk_bursts PRIMARY KEY (id),
  CONSTRAINT fk_bursts_incident_id FOREIGN KEY (incident_id) REFERENCES incidents (id)
);
CREATE INDEX ix_bursts_incident_id ON bursts (incident_id);
CREATE UNIQUE INDEX uq_bursts_series ON bursts (platform, kind, key) WHERE ended_at IS NULL;
