"""Whether the ledger explains the cards that went and came, what was contested and replied, and what two persons
found."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_SAID = "direction text, organisation text, authority text"
_CARDS = sa.text("""
    SELECT coalesce(c.id, h.card) AS id, c.id IS NOT NULL AS there, h.entry
    FROM scorecards c FULL JOIN heard_scorecards h ON h.card = c.id
    WHERE (c.direction, c.organisation, c.authority, c.channel, c.since, c.until, c.sha256)
        IS DISTINCT FROM
        (h.direction, h.organisation, h.authority, h.channel, h.since, h.until, h.sha256)
    ORDER BY 1
""")
_REPLIES = sa.text("""
    SELECT coalesce(r.id, h.reply) AS id, r.id IS NOT NULL AS there, h.entry
    FROM scorecard_replies r FULL JOIN heard_scorecard_replies h ON h.reply = r.id
    WHERE (r.direction, r.organisation, r.authority, r.claimed)
        IS DISTINCT FROM (h.direction, h.organisation, h.authority, h.claimed)
    ORDER BY 1
""")
_CONTESTS = sa.text("""
    SELECT coalesce(c.id, h.contest) AS id, c.id IS NOT NULL AS there, h.entry
    FROM scorecard_contests c FULL JOIN heard_scorecard_contests h ON h.contest = c.id
    WHERE (c.direction, c.organisation, c.authority, c.row_id, c.claimed)
        IS DISTINCT FROM (h.direction, h.organisation, h.authority, h.row_id, h.claimed)
    ORDER BY 1
""")
# What was settled is what two entries of two persons tell, the second with this finding.
_SETTLED = sa.text("""
    SELECT coalesce(c.id, h.contest) AS id, c.id IS NOT NULL AS there
    FROM (SELECT id, finding FROM scorecard_contests WHERE state = 'settled') c
    FULL JOIN heard_scorecard_findings h ON h.contest = c.id
    WHERE c.finding IS DISTINCT FROM h.finding
    ORDER BY 1
""")


class ScorecardWitness:
    """Cards, contests and replies: each is there as an entry tells, and settled by one."""

    kinds = (
        "scorecard.sent",
        "scorecard.received",
        "scorecard.contested",
        "scorecard.replied",
        "scorecard.settled",
    )

    def __init__(self, tx: Tx) -> None:
        about = f"entry text, {_SAID}"
        self._cards = Scratch(
            tx,
            "heard_scorecards",
            f"card uuid, {about}, channel text, since timestamptz, until timestamptz, sha256 text",
        )
        self._contests = Scratch(
            tx, "heard_scorecard_contests", f"contest uuid, {about}, row_id text, claimed boolean"
        )
        self._replies = Scratch(
            tx, "heard_scorecard_replies", f"reply uuid, {about}, claimed boolean"
        )
        self._findings = Scratch(tx, "heard_scorecard_findings", "contest uuid, finding text")

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "scorecard.settled":
            self._findings.add(said["contest"], said["finding"])
        elif entry.kind == "scorecard.contested":
            about = _about(said)
            self._contests.add(said["contest"], entry.name, *about, said["row_id"], said["claimed"])
        elif entry.kind == "scorecard.replied":
            self._replies.add(said["reply"], entry.name, *_about(said), said["claimed"])
        else:
            names = ("channel", "since", "until", "sha256")
            more = [said[name] for name in names]
            self._cards.add(said["scorecard"], entry.name, *_about(said), *more)

    def say(self, tx: Tx) -> Iterator[str]:
        for one in (self._cards, self._contests, self._replies, self._findings):
            one.flush()
        yield from _differing(tx, _CARDS, "scorecard")
        yield from _differing(tx, _CONTESTS, "contest")
        yield from _differing(tx, _REPLIES, "reply")
        for row in tx.execute(_SETTLED):
            if row.there:
                yield f"the contest {row.id} is settled otherwise than the ledger tells"
            else:
                yield f"the ledger tells that the contest {row.id} was settled, and it is not"


def _about(said: dict[str, Any]) -> list[str]:
    return [said[name] for name in ("direction", "organisation", "authority")]


def _differing(tx: Tx, query: sa.TextClause, what: str) -> Iterator[str]:
    for row in tx.execute(query):
        if not row.there:
            yield f"the {what} {row.id} of {row.entry} is gone"
        elif row.entry is None:
            yield f"the {what} {row.id} is there, and no entry of the ledger explains it"
        else:
            yield f"the {what} {row.id} is not as {row.entry} says"
