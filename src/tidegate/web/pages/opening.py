"""Opening, for a purpose and with a justification, what is closed to the person's role."""

from collections.abc import Callable
from datetime import datetime

from tidegate.content.holds.model import OpeningIn
from tidegate.content.queries import item_unknown
from tidegate.infra.parsing import convert
from tidegate.pipeline import openings
from tidegate.review.queries import case_unknown
from tidegate.signals.banks.queries import entry_unknown
from tidegate.web.pages import banks, case, items
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


def open_item(visit: Visit) -> str:
    return _opened(visit, openings.open_item, visit.uuid("item", item_unknown))


def open_case(visit: Visit) -> str:
    return _opened(visit, openings.open_case, visit.uuid("case", case_unknown))


def open_entry(visit: Visit) -> str:
    return _opened(
        visit, openings.open_entry, visit.path["bank"], visit.uuid("entry", entry_unknown)
    )


def _opened(visit: Visit, verb: Callable[..., datetime], *subject: object) -> str:
    given = {name: visit.field(name) for name in ("purpose", "justification")}
    opening = convert(given, OpeningIn)
    with visit.begin() as tx:
        verb(tx, *subject, opening)
    return with_query(f"/{'/'.join(visit.request.url.path.split('/')[1:3])}", done="opened")


def _page(pages: list[PageRoute], path: str) -> PageRoute:
    return next(page for page in pages if page.path == path and page.method == "GET")


pages = [
    PageRoute(
        method="POST", path=f"{page.path}{more}/open", handler=handler, scope=page.scope, again=page
    )
    for page, more, handler in (
        (_page(items.pages, "/items/{item}"), "", open_item),
        (_page(case.pages, "/cases/{case}"), "", open_case),
        (_page(banks.pages, "/banks/{bank}"), "/entries/{entry}", open_entry),
    )
]
