"""Whether the ledger explains the clocks: each as its last step says, with all that happened to it."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_COLUMNS = (
    "clock uuid, step bigint, entry text, state text, due_at timestamptz, due_latest timestamptz,"
    " stopped_at timestamptz, event text, at timestamptz"
)
_CLOCKS = sa.text("""
    SELECT coalesce(c.id, h.clock) AS clock, c.id IS NOT NULL AS there, h.entry FROM clocks c
    FULL JOIN (SELECT DISTINCT ON (clock) * FROM heard_clocks ORDER BY clock, step DESC) h
        ON h.clock = c.id
    WHERE (c.step, c.state, c.due_at, c.due_latest, c.stopped_at)
        IS DISTINCT FROM (h.step, h.state, h.due_at, h.due_latest, h.stopped_at)
    ORDER BY 1
""")
_EVENTS = sa.text("""
    SELECT coalesce(e.clock_id, h.clock) AS clock, coalesce(e.event, h.event) AS event, h.entry
    FROM clock_events e FULL JOIN heard_clocks h ON h.clock = e.clock_id AND h.step = e.n
    WHERE (e.event, e.at) IS DISTINCT FROM (h.event, h.at)
    ORDER BY 1, e.n
""")


class ClockWitness:
    """Clocks: what happened to each, and what became of it."""

    kinds = ("clock.started", "clock.heard", "clock.expired")

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_clocks", _COLUMNS)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        names = ("state", "due_at", "due_latest", "stopped_at", "event", "at")
        values = (said[name] for name in names)
        self._heard.add(said["clock"], said["step"], entry.name, *values)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_CLOCKS):
            if not row.there:
                yield f"the clock {row.clock} of {row.entry} is gone"
            elif row.entry is None:
                yield f"the clock {row.clock} is there, and no entry of the ledger explains it"
            else:
                yield f"the clock {row.clock} is not as {row.entry} says"
        for row in tx.execute(_EVENTS):
            told = "no entry tells" if row.entry is None else f"{row.entry} tells otherwise"
            yield f"{row.event!r} of the clock {row.clock}: {told}"
