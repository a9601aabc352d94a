"""Which measures wait on the home page for who signs and concludes them."""

from tidegate.exchange.queries import organisation
from tidegate.infra.db import Tx
from tidegate.oversight.measures.queries import MOST, measures_waiting
from tidegate.pipeline.oversight.shown_measures import MeasureLine, measure_lines
from tidegate.web.pages.visit import Visit

FIRST = 8


def measures_at_home(visit: Visit, tx: Tx) -> list[MeasureLine] | None:
    """The oldest first: what the person has not signed, what can be notified, and what can be concluded since the
    right of reply is over. None for who does none of it, and where we are no authority."""
    signs = visit.may("oversight:sign")
    ours = organisation(tx)
    if visit.who.limited or not (signs or visit.may("oversight:write")):
        return None
    if ours is None or ours.kind != "authority":
        return None
    found = measures_waiting(tx, tx.identity if signs else None, MOST)
    lines = measure_lines(tx, visit.instance, found)
    return [one for one in lines if not one.reply_open][:FIRST]
