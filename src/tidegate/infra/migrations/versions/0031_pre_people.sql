-- People: bound to queues and languages too, known to others by a name, and opening what is closed to their role.
ALTER TABLE users
  ADD COLUMN queues TEXT[],
  ADD COLUMN languages TEXT[],
  ADD COLUMN display_name TEXT DEFAULT 'person ' || substr(gen_random_uuid()::text, 1, 8) NOT NULL;
UPDATE users SET display_name = named.wanted || CASE WHEN named.place = 1 THEN '' ELSE ' ' || named.place END
FROM (
  SELECT id, wanted, row_number() OVER (PARTITION BY wanted ORDER BY created_at, id) AS place
  FROM (
    SELECT id, created_at,
      coalesce(nullif(left(translate(split_part(email, '@', 1), ':<>/', ''), 34), ''), 'somebody') AS wanted
    FROM users
  ) AS local
) AS named
WHERE named.id = users.id;
CREATE UNIQUE INDEX uq_users_display_name ON users (lower(display_name));
ALTER TABLE openings
  ALTER COLUMN hold_id DROP NOT NULL,
  ALTER COLUMN item_id DROP NOT NULL,
  ADD COLUMN entry_id UUID;
ALTER TABLE bulks ADD COLUMN queues TEXT[], ADD COLUMN languages TEXT[];
CREATE INDEX ix_openings_opener ON openings (opener, until);
