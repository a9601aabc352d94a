-- Keys of this organisation beside its first.
CREATE TABLE organisation_keys (
    n INTEGER NOT NULL,
    kid TEXT NOT NULL,
    x TEXT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_reason TEXT,
    CONSTRAINT pk_organisation_keys PRIMARY KEY (n),
    CONSTRAINT uq_organisation_keys_kid UNIQUE (kid)
);
