-- Who placed a hold, as somebody who is known again. A key of before is not: only a right lifts its holds.
ALTER TABLE holds ADD COLUMN placer TEXT;

UPDATE holds SET placer = placed_by;
