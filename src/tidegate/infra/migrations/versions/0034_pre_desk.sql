-- That somebody has seen the files by whose likeness they decide.
CREATE TABLE looks (
  mark BYTEA NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_looks PRIMARY KEY (mark)
);
CREATE INDEX ix_looks_at ON looks (at);
