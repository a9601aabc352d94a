-- The clocks that ring and that nobody has: few of many.
CREATE INDEX ix_clocks_rings ON clocks (rung_at) WHERE ringing_since IS NOT NULL AND acknowledged_at IS NULL;
