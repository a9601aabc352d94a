-- What the organisation asks the reporters of reports, and what they answer and add.
CREATE TABLE report_messages (
  id UUID NOT NULL,
  report_id UUID NOT NULL,
  kind TEXT NOT NULL,
  text TEXT,
  level TEXT,
  by TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_report_messages PRIMARY KEY (id),
  CONSTRAINT fk_report_messages_report_id FOREIGN KEY (report_id) REFERENCES reports (id)
);
CREATE INDEX ix_report_messages_report_id ON report_messages (report_id, at, id);
