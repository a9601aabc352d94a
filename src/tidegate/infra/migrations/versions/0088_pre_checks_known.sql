-- When each address that was ordered or referred was last looked at to a result, and last seen: cards count from that.
CREATE TABLE check_known (
    owner UUID NOT NULL,
    n INTEGER NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_check_known PRIMARY KEY (owner, n)
);
INSERT INTO check_known (owner, n, told_at, seen_at)
SELECT owner, n, max(done_at), max(done_at) FILTER (WHERE outcome IN ('changed', 'up'))
FROM checks
WHERE outcome NOT IN ('unknown', 'unreachable', 'login_wall')
GROUP BY owner, n;
