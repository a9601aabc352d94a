-- Which cluster a split made, whose history tells of it too, and which cases went apart by a change, to come
-- together again with it.
ALTER TABLE cluster_changes ADD COLUMN made uuid;
ALTER TABLE cluster_changes ADD COLUMN parted jsonb NOT NULL DEFAULT '[]';
CREATE INDEX ix_cluster_changes_made ON cluster_changes (made) WHERE made IS NOT NULL;
-- What was split before: its cluster began at that moment, and goes by one of the items that were moved.
UPDATE cluster_changes SET made = clusters.id FROM clusters
WHERE cluster_changes.kind = 'split' AND clusters.began_at = cluster_changes.at
    AND EXISTS (
        SELECT FROM jsonb_array_elements(cluster_changes.before) AS was
        WHERE was ->> 0 = clusters.id::text
    );
