-- What is to be done about a case, and which cases belong with it.

CREATE TABLE case_tasks (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  text TEXT NOT NULL,
  person TEXT,
  due TIMESTAMP WITH TIME ZONE,
  by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_by TEXT,
  done_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_case_tasks PRIMARY KEY (id),
  CONSTRAINT fk_case_tasks_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_tasks_case_id ON case_tasks (case_id);
CREATE INDEX ix_case_tasks_open ON case_tasks (person, due) WHERE done_at IS NULL;
CREATE TABLE case_links (
  one UUID NOT NULL,
  other UUID NOT NULL,
  why TEXT,
  by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_case_links PRIMARY KEY (one, other),
  CONSTRAINT fk_case_links_one FOREIGN KEY(one) REFERENCES cases (id),
  CONSTRAINT fk_case_links_other FOREIGN KEY(other) REFERENCES cases (id)
);
CREATE INDEX ix_case_links_other ON case_links (other);
