-- Referrals, in and out, and what became of each URL.
CREATE TABLE referrals (
  id UUID NOT NULL,
  direction TEXT NOT NULL,
  issuer TEXT NOT NULL,
  referral_ref TEXT NOT NULL,
  recipient TEXT NOT NULL,
  state TEXT NOT NULL,
  verified BOOLEAN NOT NULL,
  problems TEXT[] DEFAULT '{}' NOT NULL,
  terms_cited TEXT NOT NULL,
  reasons TEXT NOT NULL,
  language TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE,
  answered_at TIMESTAMP WITH TIME ZONE,
  withdrawn_reason TEXT,
  CONSTRAINT pk_referrals PRIMARY KEY (id)
);
CREATE INDEX ix_referrals_created_at ON referrals (created_at, id);
CREATE UNIQUE INDEX uq_referrals_issuer_referral_ref ON referrals (direction, issuer, referral_ref) WHERE verified;
CREATE TABLE referral_items (
  referral_id UUID NOT NULL,
  n INTEGER NOT NULL,
  url TEXT NOT NULL,
  report TEXT,
  outcome TEXT,
  reason TEXT,
  answered_by TEXT,
  answered_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_referral_items PRIMARY KEY (referral_id, n),
  CONSTRAINT fk_referral_items_referral_id FOREIGN KEY(referral_id) REFERENCES referrals (id)
);
