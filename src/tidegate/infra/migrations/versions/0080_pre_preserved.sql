-- Until when an authority asked last for what its order took down to be kept.
ALTER TABLE order_drafts ADD COLUMN preserved_until TIMESTAMP WITH TIME ZONE;
