-- What the program of before opened meanwhile stands where it stood.
UPDATE cases SET place_at = waits_since WHERE place_at IS NULL AND state != 'decided';
-- The order by waiting alone, which no running program reads any more.
DROP INDEX ix_cases_rank;
DROP INDEX ix_cases_same;
DROP INDEX ix_cases_first_matches;
DROP INDEX ix_cases_of_entries;
