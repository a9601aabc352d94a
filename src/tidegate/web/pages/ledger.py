"""The ledger as it was sealed, and its signed head."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.ledger.model import EntryView, Head
from tidegate.ledger.queries import head, list_entries, unsealed
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
        newest = head(tx)
        # Numbers have no gaps, so a page can be counted off from its end.
        end = min(query.before or 1 << 62, (newest.seq if newest else 0) + 1)
        start = max(end - 1 - PAGE, 0)
        found = list_entries(tx, start, end - 1 - start) if end > 1 else []
        return LedgerPage(newest, unsealed(tx), found[::-1], start + 1 if start else None)


pages = [
    PageRoute(
        path="/ledger",
        handler=show,
        scope="ledger:read",
        query=LedgerQuery,
        template="ledger.html",
    )
]
