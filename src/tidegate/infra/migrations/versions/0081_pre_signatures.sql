-- The name and post by which a person signs the annexes of legal orders.
ALTER TABLE users ADD COLUMN signs_name TEXT;
ALTER TABLE users ADD COLUMN signs_post TEXT;
