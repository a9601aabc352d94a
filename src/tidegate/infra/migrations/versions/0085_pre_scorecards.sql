-- Scorecards that were sent and came, what was contested in them and replied; and by what they are made.
CREATE TABLE scorecards (
  id UUID NOT NULL,
  direction TEXT NOT NULL,
  organisation TEXT NOT NULL,
  authority TEXT NOT NULL,
  channel TEXT NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  body BYTEA NOT NULL,
  sha256 TEXT NOT NULL,
  message_id UUID NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  by TEXT NOT NULL,
  CONSTRAINT pk_scorecards PRIMARY KEY (id)
);
CREATE INDEX ix_scorecards_about ON scorecards (direction, organisation, at, id);
CREATE TABLE scorecard_contests (
  id UUID NOT NULL,
  direction TEXT NOT NULL,
  organisation TEXT NOT NULL,
  authority TEXT NOT NULL,
  row_id TEXT NOT NULL,
  text TEXT NOT NULL,
  claimed BOOLEAN NOT NULL,
  message_id UUID,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  by TEXT NOT NULL,
  state TEXT NOT NULL,
  finding TEXT,
  first_reasons TEXT,
  first_by TEXT,
  first_person TEXT,
  first_at TIMESTAMP WITH TIME ZONE,
  second_reasons TEXT,
  second_by TEXT,
  second_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_scorecard_contests PRIMARY KEY (id)
);
CREATE INDEX ix_scorecard_contests_by ON scorecard_contests (organisation, at);
CREATE TABLE scorecard_replies (
  id UUID NOT NULL,
  scorecard_id UUID,
  direction TEXT NOT NULL,
  organisation TEXT NOT NULL,
  authority TEXT NOT NULL,
  text TEXT NOT NULL,
  claimed BOOLEAN NOT NULL,
  message_id UUID,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  by TEXT NOT NULL,
  CONSTRAINT pk_scorecard_replies PRIMARY KEY (id),
  CONSTRAINT fk_scorecard_replies_scorecard_id FOREIGN KEY(scorecard_id) REFERENCES scorecards (id)
);
CREATE INDEX ix_scorecard_replies_by ON scorecard_replies (organisation, at);
CREATE INDEX ix_orders_overseen_out ON orders (recipient, coalesce(issued_at, received_at)) WHERE direction = 'out';
CREATE INDEX ix_orders_overseen_in ON orders (issuer, coalesce(issued_at, received_at)) WHERE direction = 'in';
CREATE INDEX ix_referrals_overseen_out ON referrals (recipient, created_at) WHERE direction = 'out';
CREATE INDEX ix_referrals_overseen_in ON referrals (issuer, created_at) WHERE direction = 'in';
