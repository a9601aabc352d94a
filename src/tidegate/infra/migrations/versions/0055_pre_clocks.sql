-- Clocks: what has to be done by when, what happened to each, and what rings until somebody has it.
CREATE TABLE clock_definitions (
    digest BYTEA NOT NULL,
    pack TEXT NOT NULL,
    law TEXT NOT NULL,
    definition JSONB NOT NULL,
    CONSTRAINT pk_clock_definitions PRIMARY KEY (digest)
);
CREATE TABLE clocks (
    id UUID NOT NULL,
    definition BYTEA NOT NULL,
    name TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    order_id UUID,
    platform TEXT,
    ours BOOLEAN NOT NULL,
    zone TEXT NOT NULL,
    calendar TEXT,
    own_limit JSONB,
    step INTEGER NOT NULL,
    state TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_latest TIMESTAMP WITH TIME ZONE NOT NULL,
    stopped_at TIMESTAMP WITH TIME ZONE,
    runs JSONB NOT NULL,
    contradictory BOOLEAN NOT NULL,
    warnings TIMESTAMP WITH TIME ZONE[] NOT NULL,
    warned TIMESTAMP WITH TIME ZONE[] DEFAULT '{}' NOT NULL,
    ringing_since TIMESTAMP WITH TIME ZONE,
    rung_at TIMESTAMP WITH TIME ZONE,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    acknowledged_by TEXT,
    next_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_clocks PRIMARY KEY (id),
    CONSTRAINT fk_clocks_definition FOREIGN KEY(definition) REFERENCES clock_definitions (digest)
);
CREATE INDEX ix_clocks_due_at ON clocks (due_at, id);
CREATE INDEX ix_clocks_next_at ON clocks (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_clocks_order_id ON clocks (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX ix_clocks_ringing ON clocks (due_at) WHERE ringing_since IS NOT NULL AND acknowledged_at IS NULL;
CREATE INDEX ix_clocks_state ON clocks (state, due_at, id);
CREATE INDEX ix_clocks_subject ON clocks (subject_id, subject_kind);
CREATE UNIQUE INDEX uq_clocks_live ON clocks (subject_kind, subject_id, name) WHERE live;
CREATE TABLE clock_events (
    clock_id UUID NOT NULL,
    n INTEGER NOT NULL,
    event TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_by TEXT NOT NULL,
    reason TEXT,
    due_at TIMESTAMP WITH TIME ZONE,
    due_latest TIMESTAMP WITH TIME ZONE,
    warnings TIMESTAMP WITH TIME ZONE[],
    CONSTRAINT pk_clock_events PRIMARY KEY (clock_id, n),
    CONSTRAINT fk_clock_events_clock_id FOREIGN KEY(clock_id) REFERENCES clocks (id)
);
CREATE TABLE rings (
    id UUID NOT NULL,
    type TEXT NOT NULL,
    data JSONB NOT NULL,
    order_id UUID,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    rung INTEGER DEFAULT '0' NOT NULL,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    acknowledged_by TEXT,
    next_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_rings PRIMARY KEY (id)
);
CREATE INDEX ix_rings_next_at ON rings (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_rings_order_id ON rings (order_id) WHERE order_id IS NOT NULL;
CREATE TABLE calls (
    about UUID NOT NULL,
    type TEXT NOT NULL,
    data JSONB NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_calls PRIMARY KEY (about)
);
CREATE INDEX ix_calls_since ON calls (since);
