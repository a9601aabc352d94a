-- What the organisation asks the reporters of reports, and what they answer and add.
CREATE TABLE report_messages (
  id UUID NOT NULL,
  report_id UUID NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT,
  level TEXT,
  by TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_report_messages PRIMARY KEY (id),
  CONSTRAINT fk_report_messages_report_id FOREIGN KEY (report_id) REFERENCES reports (id),
  CONSTRAINT uq_report_messages_report_id_number UNIQUE (report_id, number)
);
