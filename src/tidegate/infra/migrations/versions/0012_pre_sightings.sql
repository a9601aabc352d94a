-- Whose contents an entry matched: an author's count once. Of those from before nobody knows.
ALTER TABLE sightings ADD COLUMN author TEXT;
