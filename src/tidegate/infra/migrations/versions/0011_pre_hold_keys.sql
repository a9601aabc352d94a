-- Which key placed a hold: names of keys come again, ids do not.
ALTER TABLE holds ADD COLUMN placed_key TEXT;
