-- Looks at what was ordered or referred, and the pace at which hosts are asked.
CREATE TABLE checks (
  id UUID NOT NULL,
  owner UUID NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  organisation TEXT NOT NULL,
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  captured TEXT[] DEFAULT '{}' NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  asked_by TEXT,
  asked_at TIMESTAMP WITH TIME ZONE,
  next_at TIMESTAMP WITH TIME ZONE,
  leased_until TIMESTAMP WITH TIME ZONE,
  leased_by TEXT,
  done_at TIMESTAMP WITH TIME ZONE,
  outcome TEXT,
  status INTEGER,
  evidence TEXT,
  vantage TEXT,
  second_look_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_checks PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_checks_owner ON checks (owner, n, due_at) WHERE asked_by IS NULL;
CREATE INDEX ix_checks_owner ON checks (owner, due_at, id);
CREATE INDEX ix_checks_organisation ON checks (organisation, due_at, id);
CREATE INDEX ix_checks_due_at ON checks (due_at, id);
CREATE INDEX ix_checks_next_at ON checks (next_at, host) WHERE next_at IS NOT NULL;
CREATE INDEX ix_checks_asked_at ON checks (asked_at) WHERE asked_at IS NOT NULL;
CREATE TABLE check_looks (
  check_id UUID NOT NULL,
  n INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  says TEXT NOT NULL,
  status INTEGER,
  fault TEXT,
  ended TEXT NOT NULL,
  headers JSONB NOT NULL,
  sha256 TEXT,
  whole BOOLEAN NOT NULL,
  control_up BOOLEAN,
  control_at TIMESTAMP WITH TIME ZONE,
  control_status INTEGER,
  CONSTRAINT pk_check_looks PRIMARY KEY (check_id, n),
  CONSTRAINT fk_check_looks_check_id FOREIGN KEY(check_id) REFERENCES checks (id)
);
CREATE TABLE check_hosts (
  host TEXT NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_check_hosts PRIMARY KEY (host)
);
CREATE TABLE check_controls (
  control TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  up BOOLEAN NOT NULL,
  status INTEGER,
  CONSTRAINT pk_check_controls PRIMARY KEY (control)
);
