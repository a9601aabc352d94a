-- Which kinds of fingerprints the kept revisions have been given, and by which version of each: all of
-- 0.1. A kind that is not here is new, and the walk of pipeline/lookback/kinds.py makes its codes.
INSERT INTO counters (name, value) VALUES
    ('kind sha256', 1),
    ('kind md5', 1),
    ('kind pdq', 1),
    ('kind text_sha256', 1),
    ('kind text_minhash', 1),
    ('kind url', 1),
    ('kind domain', 1),
    ('kind host', 1),
    ('kind url_prefix', 1),
    ('kind host_lookalike', 1);
