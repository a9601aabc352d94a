-- Whoever was known again by a key's name is known by its id: a name may be another key's after it.
-- The answers of before are found by every living key of the name, as they were.
INSERT INTO answers (actor, route, key, digest, status, body, subject, created_at)
  SELECT 'key#' || k.id, a.route, a.key, a.digest, a.status, a.body, a.subject, a.created_at
  FROM answers a JOIN keys k ON a.actor = 'key:' || k.name
  WHERE k.user_id IS NULL AND k.revoked_at IS NULL;

ALTER TABLE cases ADD COLUMN claimant TEXT;

-- Where several keys have the name nobody can say whose the claim is: it holds until it expires.
UPDATE cases SET claimant = coalesce(
  (SELECT 'key#' || min(k.id) FROM keys k
   WHERE cases.claimed_by = 'key:' || k.name AND k.user_id IS NULL AND k.revoked_at IS NULL
   HAVING count(*) = 1),
  claimed_by)
WHERE claimed_by IS NOT NULL;

ALTER TABLE openings ADD COLUMN opener TEXT;

UPDATE openings SET opener = opened_by;

ALTER TABLE openings ALTER COLUMN opener SET NOT NULL;

DROP INDEX ix_openings_item_id;

CREATE INDEX ix_openings_item_id ON openings (item_id, opener, until);

-- A name is one living key's: of several the eldest keeps it. No key can be made with such a name.
UPDATE keys SET name = keys.name || ' (' || n.place || ')'
FROM (SELECT id, row_number() OVER (PARTITION BY name ORDER BY created_at, id) AS place
      FROM keys WHERE revoked_at IS NULL) AS n
WHERE n.id = keys.id AND n.place > 1;
