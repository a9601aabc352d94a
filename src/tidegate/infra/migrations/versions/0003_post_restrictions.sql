-- Restrictions stack: what stands on an item is a set, not the last decision alone. Until now there
-- was one at most, so that one becomes the set.

CREATE TABLE restrictions (
	id UUID NOT NULL,
	item_id UUID NOT NULL,
	decision_id UUID NOT NULL,
	scope TEXT NOT NULL,
	territory TEXT[],
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	until TIMESTAMP WITH TIME ZONE,
	source TEXT NOT NULL,
	order_id UUID,
	ended_at TIMESTAMP WITH TIME ZONE,
	ended_by UUID,
	CONSTRAINT pk_restrictions PRIMARY KEY (id),
	CONSTRAINT fk_restrictions_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

INSERT INTO restrictions (id, item_id, decision_id, scope, territory, since, until, source)
SELECT gen_random_uuid(), items.id, decisions.id, decisions.scope,
	(SELECT array_agg(code ORDER BY code COLLATE "C") FROM unnest(decisions.territory) AS code),
	decisions.created_at, decisions.until, 'decision'
FROM items JOIN decisions ON decisions.id = items.restricted_by;

CREATE INDEX ix_restrictions_item_id ON restrictions (item_id) WHERE ended_at IS NULL;

CREATE INDEX ix_restrictions_until ON restrictions (until) WHERE ended_at IS NULL;

ALTER TABLE decisions ADD COLUMN lifts UUID[] DEFAULT '{}' NOT NULL;

-- Ends are looked for in the set from now on. A program of before finds them without the index too.
DROP INDEX ix_decisions_until;
