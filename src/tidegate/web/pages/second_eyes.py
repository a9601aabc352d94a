"""Second eyes on a case's page: opening what another has proposed, once the content was looked at, and
agreeing to it. Whoever decides otherwise does so by the form that decides any case."""

from datetime import timedelta
from urllib.parse import parse_qsl

from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import read_whole
from tidegate.pipeline.decide import ACCOUNT_UNDO
from tidegate.pipeline.second import agreeing, open_choice
from tidegate.review.queries import case_unknown
from tidegate.web.pages import sent
from tidegate.web.pages.case import case_page
from tidegate.web.pages.decide import decided, go_on, waits
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


def open_(visit: Visit) -> str:
    """Open what was concluded; it is in the history who did."""
    case_id = visit.uuid("case", case_unknown)
    within = dict(parse_qsl(visit.field("filter").removeprefix("?")))
    with visit.begin() as tx:
        open_choice(tx, case_id)
    return with_query(f"/cases/{case_id}", **within) + "#second"


def agree(visit: Visit) -> str:
    """Agree to what was proposed: it is decided, and can be undone like any decision."""
    case_id = visit.uuid("case", case_unknown)
    within = dict(parse_qsl(visit.field("filter").removeprefix("?")))
    wait: timedelta = waits(visit)
    with visit.begin() as tx:
        revision = read_whole(visit.field("revision"))
        if revision is None:  # nobody agrees to what they do not say they have read
            raise bad_field("/revision", "the number of a revision", visit.field("revision")[:60])
        decision = agreeing(tx, case_id, wait.total_seconds(), revision)
        if decision.restriction is not None and decision.restriction.scope == "account":
            wait = max(wait, ACCOUNT_UNDO)
        done = decided(visit, tx, case_id, decision, wait)
        stay = with_query(f"/cases/{case_id}", **within | done)
        sent.claim(visit, tx, stay)
    return go_on(visit, stay, within, done)


pages = [
    PageRoute(
        method="POST",
        path="/cases/{case}/second/open",
        handler=open_,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST",
        path="/cases/{case}/second/agree",
        handler=agree,
        scope="cases:decide",
        again=case_page,
    ),
]
