-- What an authority asks of a provider, step by step, who signed it, and what was replied.
CREATE TABLE measures (
    id UUID NOT NULL,
    organisation TEXT NOT NULL,
    pack TEXT NOT NULL,
    step TEXT NOT NULL,
    terms JSONB NOT NULL,
    state TEXT NOT NULL,
    reasons TEXT NOT NULL,
    requires TEXT[] NOT NULL,
    evidence JSONB NOT NULL,
    sheet JSONB,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    notified_by TEXT,
    notified_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    conclusion TEXT,
    concluded_by TEXT,
    concluded_at TIMESTAMP WITH TIME ZONE,
    withdrawal TEXT,
    withdrawn_by TEXT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_measures PRIMARY KEY (id)
);
CREATE INDEX ix_measures_organisation ON measures (organisation, step);
CREATE INDEX ix_measures_created_at ON measures (created_at, id);

CREATE TABLE measure_signatures (
    measure_id UUID NOT NULL,
    by TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_measure_signatures PRIMARY KEY (measure_id, by),
    CONSTRAINT fk_measure_signatures_measure_id FOREIGN KEY (measure_id) REFERENCES measures (id)
);

CREATE TABLE measure_replies (
    id UUID NOT NULL,
    measure_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    text TEXT NOT NULL,
    late BOOLEAN NOT NULL,
    noted_by TEXT NOT NULL,
    noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_measure_replies PRIMARY KEY (id),
    CONSTRAINT fk_measure_replies_measure_id FOREIGN KEY (measure_id) REFERENCES measures (id)
);
CREATE INDEX ix_measure_replies_measure_id ON measure_replies (measure_id, at);
