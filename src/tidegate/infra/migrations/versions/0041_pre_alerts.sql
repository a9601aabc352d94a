-- Alerts as a contract: reports that they name, how they end, and targets that get them and nothing else.
ALTER TABLE alerts
  ADD COLUMN level TEXT,
  ADD COLUMN rang_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN rings INTEGER DEFAULT '1' NOT NULL,
  ADD COLUMN reports INTEGER DEFAULT '0' NOT NULL,
  ADD COLUMN unheard_since TIMESTAMP WITH TIME ZONE,
  ADD COLUMN reminders INTEGER DEFAULT '0' NOT NULL,
  ADD COLUMN reminded_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN closed_by TEXT,
  ADD COLUMN outcome TEXT,
  ADD COLUMN reason TEXT,
  ADD COLUMN referred_to TEXT;
-- To acknowledge one was all that could be done about it: those are over, and nobody said how.
UPDATE alerts SET closed_at = acknowledged_at, closed_by = acknowledged_by WHERE acknowledged_at IS NOT NULL;
CREATE INDEX ix_alerts_closed ON alerts (id) WHERE closed_at IS NOT NULL;
CREATE TABLE alert_reports (
  alert_id UUID NOT NULL,
  report_id UUID NOT NULL,
  level TEXT,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_alert_reports PRIMARY KEY (alert_id, report_id),
  CONSTRAINT fk_alert_reports_alert_id FOREIGN KEY(alert_id) REFERENCES alerts (id)
);
CREATE INDEX ix_alert_reports_report_id ON alert_reports (report_id);
CREATE TABLE alert_acknowledgements (
  id UUID NOT NULL,
  alert_id UUID NOT NULL,
  by TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_alert_acknowledgements PRIMARY KEY (id),
  CONSTRAINT fk_alert_acknowledgements_alert_id FOREIGN KEY(alert_id) REFERENCES alerts (id)
);
CREATE INDEX ix_alert_acknowledgements_alert_id ON alert_acknowledgements (alert_id);
INSERT INTO alert_acknowledgements (id, alert_id, by, at)
  SELECT id, id, acknowledged_by, acknowledged_at FROM alerts WHERE acknowledged_at IS NOT NULL;
ALTER TABLE webhooks ADD COLUMN alerts BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE messages ADD COLUMN alert_id UUID;
ALTER TABLE messages ADD CONSTRAINT fk_messages_alert_id FOREIGN KEY(alert_id) REFERENCES alerts (id);
CREATE INDEX ix_messages_alert_id ON messages (alert_id, type) WHERE alert_id IS NOT NULL;
