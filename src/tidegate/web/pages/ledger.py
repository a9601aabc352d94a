"""The ledger as it was sealed, and its signed head."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.ledger.model import EntryView, Head
from tidegate.ledger.queries import head, latest_entries, unsealed
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit

PAGE = 100


class LedgerQuery(Query, frozen=True):
    """`before` a number, the latest first; without it the newest page."""

    before: Annotated[int, Meta(ge=1, le=1 << 62)] | None = None


class LedgerPage(msgspec.Struct, frozen=True):
    """Entries, the latest first. `next` is the number to ask before."""

    head: Head | None
    unsealed: int
    entries: list[EntryView]
    next: int | None


def show(visit: Visit) -> LedgerPage:
    query: LedgerQuery = visit.query
    with visit.begin() as tx:
        found = latest_entries(tx, query.before, PAGE)
        more = len(found) == PAGE and found[-1].seq > 1
        return LedgerPage(head(tx), unsealed(tx), found, found[-1].seq if more else None)


pages = [
    PageRoute(
        path="/ledger",
        handler=show,
        scope="ledger:read",
        query=LedgerQuery,
        template="ledger.html",
    )
]
