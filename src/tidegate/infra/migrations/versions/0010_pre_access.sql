-- Devices that people signed in from: strangers' failures make nobody wait there.
CREATE TABLE devices (
  token_hash BYTEA NOT NULL,
  user_id UUID NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_devices PRIMARY KEY (token_hash, user_id),
  CONSTRAINT fk_devices_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX ix_devices_user_id ON devices (user_id);

CREATE INDEX ix_devices_used_at ON devices (used_at);

-- What was put into the ledger of a day or a minute already.
CREATE TABLE ledger_marks (
  mark BYTEA NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_ledger_marks PRIMARY KEY (mark)
);

CREATE INDEX ix_ledger_marks_until ON ledger_marks (until);
