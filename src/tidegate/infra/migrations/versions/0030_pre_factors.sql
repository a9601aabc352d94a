-- Passkeys, recovery codes, OpenID providers, and sessions that can be told apart and asked again.
ALTER TABLE sessions
  ADD COLUMN id UUID DEFAULT gen_random_uuid() NOT NULL,
  ADD COLUMN user_agent TEXT,
  ADD COLUMN last_seen_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN began_by TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN fresh_at TIMESTAMP WITH TIME ZONE,
  ADD CONSTRAINT uq_sessions_id UNIQUE (id);
CREATE TABLE passkeys (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  credential BYTEA NOT NULL,
  public_key BYTEA NOT NULL,
  sign_count BIGINT NOT NULL,
  transports TEXT[] NOT NULL,
  name TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_passkeys PRIMARY KEY (id),
  CONSTRAINT fk_passkeys_user_id FOREIGN KEY(user_id) REFERENCES users (id),
  CONSTRAINT uq_passkeys_credential UNIQUE (credential)
);
CREATE INDEX ix_passkeys_user_id ON passkeys (user_id);
CREATE TABLE recovery_codes (
  user_id UUID NOT NULL,
  code BYTEA NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, code),
  CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_identities PRIMARY KEY (issuer, subject),
  CONSTRAINT fk_identities_user_id FOREIGN KEY(user_id) REFERENCES users (id),
  CONSTRAINT uq_identities_issuer_user_id UNIQUE (issuer, user_id)
);
CREATE INDEX ix_identities_user_id ON identities (user_id);
CREATE TABLE challenges (
  token_hash BYTEA NOT NULL,
  purpose TEXT NOT NULL,
  user_id UUID,
  session UUID,
  said JSONB NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_challenges PRIMARY KEY (token_hash),
  CONSTRAINT fk_challenges_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_challenges_user_id ON challenges (user_id);
CREATE INDEX ix_challenges_expires_at ON challenges (expires_at);
