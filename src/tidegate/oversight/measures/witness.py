"""Whether the ledger explains the measures: the state that each is in, who signed it, and what was replied."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard
from tidegate.oversight.measures.model import STATES

# A measure goes one way through its states: the furthest that was told is the last, in whatever order entries of the
# same moment were sealed.
_STATES = sa.text("""
    SELECT coalesce(m.id, h.measure) AS id, m.state AS written, h.state AS told, h.entry
    FROM measures m
    FULL JOIN (
      SELECT DISTINCT ON (measure) * FROM heard_measures
      ORDER BY measure, array_position(CAST(:states AS text[]), state) DESC) h
    ON h.measure = m.id
    WHERE m.state IS DISTINCT FROM h.state
    ORDER BY 1
""")
_SIGNATURES = sa.text("""
    SELECT coalesce(s.measure_id, h.measure) AS id, coalesce(s.by, h.signer) AS signer, h.entry
    FROM measure_signatures s
    FULL JOIN (SELECT * FROM heard_measures WHERE signer IS NOT NULL) h
    ON h.measure = s.measure_id AND h.signer = s.by
    WHERE s.by IS NULL OR h.measure IS NULL
    ORDER BY 1, 2
""")
_REPLIES = sa.text("""
    SELECT coalesce(r.measure_id, h.measure) AS id, h.entry
    FROM measure_replies r
    FULL JOIN (SELECT * FROM heard_measures WHERE reply IS NOT NULL) h
    ON h.reply = r.id AND h.measure = r.measure_id
    WHERE r.id IS NULL OR h.measure IS NULL
    ORDER BY 1
""")


class MeasureWitness:
    """Measures: their states, signatures and replies are those that the ledger tells."""

    kinds = (
        "measure.drafted",
        "measure.assessed",
        "measure.signed",
        "measure.notified",
        "measure.replied",
        "measure.concluded",
        "measure.withdrawn",
    )

    def __init__(self, tx: Tx) -> None:
        columns = "measure uuid, state text, signer text, reply uuid, entry text"
        self._heard = Scratch(tx, "heard_measures", columns)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        signer = said["by"] if entry.kind == "measure.signed" else None
        reply = said["reply"] if entry.kind == "measure.replied" else None
        self._heard.add(said["measure"], said["state"], signer, reply, entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STATES, {"states": list(STATES)}):
            if row.told is None:
                yield f"the measure {row.id} is {row.written}, and no entry of the ledger tells it"
            elif row.written is None:
                yield f"that the measure {row.id} was {row.told} is told by {row.entry}, and not written"
            else:
                yield f"the measure {row.id} is {row.written}, and {row.entry} told that it is {row.told}"
        for row in tx.execute(_SIGNATURES):
            named = f"that {row.signer} signed the measure {row.id}"
            yield _differs(named, row.entry)
        for row in tx.execute(_REPLIES):
            yield _differs(f"that the measure {row.id} was replied to", row.entry)


def _differs(named: str, entry: str | None) -> str:
    if entry is None:
        return f"{named} is written, and no entry of the ledger tells it"
    return f"{named} is told by {entry}, and not written"
