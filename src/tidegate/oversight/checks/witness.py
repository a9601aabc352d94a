"""Whether the ledger explains what looks came to, and who asked for one."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_DONE = sa.text("""
    SELECT coalesce(c.id, h.check_id) AS id, c.id IS NOT NULL AS there, h.entry FROM
      (SELECT * FROM checks WHERE outcome IS NOT NULL) c
    FULL JOIN heard_checks h ON h.check_id = c.id
    WHERE (c.owner, c.n, c.outcome, c.status, c.evidence, c.vantage)
        IS DISTINCT FROM (h.owner, h.n, h.outcome, h.status, h.evidence, h.vantage)
    ORDER BY 1
""")
_ASKED = sa.text("""
    SELECT coalesce(c.id, h.check_id) AS id, c.id IS NOT NULL AS there, h.entry FROM
      (SELECT * FROM checks WHERE asked_by IS NOT NULL) c
    FULL JOIN heard_asked h ON h.check_id = c.id
    WHERE (c.owner, c.n, c.due_at) IS DISTINCT FROM (h.owner, h.n, h.due_at)
    ORDER BY 1
""")


class CheckWitness:
    """Looks: what each came to is what the ledger tells, and nobody asked for one that it does not tell of."""

    kinds = ("check.asked", "check.done")

    def __init__(self, tx: Tx) -> None:
        columns = "check_id uuid, owner uuid, n bigint, outcome text, status bigint"
        columns += ", evidence text, vantage text, entry text"
        self._done = Scratch(tx, "heard_checks", columns)
        columns = "check_id uuid, owner uuid, n bigint, due_at timestamptz, entry text"
        self._asked = Scratch(tx, "heard_asked", columns)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        known = said["check"], said["owner"], said["n"]
        if entry.kind == "check.asked":
            self._asked.add(*known, said["due_at"], entry.name)
        else:
            seen = said["outcome"], said["status"], said["evidence"], said["vantage"]
            self._done.add(*known, *seen, entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._done.flush()
        self._asked.flush()
        for row in tx.execute(_DONE):
            if row.entry is None:
                yield f"what the look {row.id} came to is written, and no entry of the ledger tells it"
            elif row.there:
                yield f"what the look {row.id} came to is not what {row.entry} tells"
            else:
                yield f"the look {row.id} is told by {row.entry}, and has come to nothing"
        for row in tx.execute(_ASKED):
            if row.entry is None:
                yield f"somebody asked for the look {row.id}, and no entry of the ledger tells it"
            else:
                yield f"the look {row.id} is not the one that {row.entry} tells of"
