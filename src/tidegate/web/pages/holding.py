"""Holding a case while one works on it: taking the next one, claiming, giving back."""

from datetime import timedelta

from tidegate.pipeline.decide import claim_case, release_case
from tidegate.pipeline.next import take_next
from tidegate.review.queries import case_unknown
from tidegate.web.pages.case import case_page
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


def take(visit: Visit) -> str:
    """Claim the next case of a queue."""
    queue = visit.field("queue")
    within = {"queue": queue} if queue else {}
    with visit.begin() as tx:
        case = take_next(tx, visit.instance.settings, within)
    if case is None:
        return with_query("/cases", done="none-left", **within)
    return with_query(f"/cases/{case}", done="claimed")


def claim(visit: Visit) -> str:
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        claim_case(tx, case_id, timedelta(minutes=visit.instance.settings.claim_minutes))
    return with_query(f"/cases/{case_id}", done="claimed")


def release(visit: Visit) -> str:
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        release_case(tx, case_id, force=visit.may("admin"))
    return with_query("/cases", done="released")


pages = [
    PageRoute(method="POST", path="/cases/next", handler=take, scope="cases:decide"),
    PageRoute(
        method="POST",
        path="/cases/{case}/claim",
        handler=claim,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST",
        path="/cases/{case}/release",
        handler=release,
        scope="cases:decide",
        again=case_page,
    ),
]
