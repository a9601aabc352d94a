-- Whom this instance speaks for, and the registry of whom it trusts, with their keys.
CREATE TABLE organisation (
    is_it boolean NOT NULL CONSTRAINT pk_organisation PRIMARY KEY
        CONSTRAINT ck_organisation_one_row CHECK (is_it),
    id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    member_state text NOT NULL,
    functions text[] NOT NULL,
    languages text[] NOT NULL,
    contact_email text NOT NULL,
    zone text NOT NULL,
    hosts text[] NOT NULL,
    set_at timestamptz NOT NULL
);

CREATE TABLE parties (
    id text NOT NULL CONSTRAINT pk_parties PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    member_state text NOT NULL,
    functions text[] NOT NULL,
    languages text[] NOT NULL,
    contact_email text NOT NULL,
    zone text NOT NULL,
    hosts text[] NOT NULL,
    synthetic boolean NOT NULL,
    inbox text,
    protocol text[] NOT NULL,
    state text NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text,
    proposed jsonb,
    proposed_by text
);
CREATE INDEX ix_parties_member_state ON parties (member_state, kind);

CREATE TABLE party_keys (
    party_id text NOT NULL CONSTRAINT fk_party_keys_party_id REFERENCES parties (id),
    kid text NOT NULL,
    x text NOT NULL,
    valid_from timestamptz NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text,
    revoked_at timestamptz,
    revoked_by text,
    revoked_reason text,
    CONSTRAINT pk_party_keys PRIMARY KEY (party_id, kid)
);
CREATE UNIQUE INDEX uq_party_keys_trusted ON party_keys (kid) WHERE confirmed_at IS NOT NULL;
