"""The ledger as it was sealed, and its signed head."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tidegate.decisions.disclosure import shown_entries
from tidegate.ledger.model import EntryView, Head
from tidegate.ledger.queries import head, latest_entries, unsealed
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit

PAGE = 100
_ADDRESSES = ("email", "account")  # in records about people


class LedgerQuery(Query, frozen=True):
    """`before` a number, the latest first; without it the newest page."""

    before: Annotated[int, Meta(ge=1, le=1 << 62)] | None = None


class LedgerPage(msgspec.Struct, frozen=True):
    """Entries, the latest first, with people's names for their addresses. `next` is the number to ask
    before."""

    head: Head | None
    unsealed: int
    entries: list[EntryView]
    next: int | None


def show(visit: Visit) -> LedgerPage:
    query: LedgerQuery = visit.query
    with visit.begin() as tx:
        found = shown_entries(tx, latest_entries(tx, query.before, PAGE))
        more = len(found) == PAGE and found[-1].seq > 1
        state = head(tx), unsealed(tx)
    entries = [_named(visit, entry) for entry in found]
    return LedgerPage(*state, entries, found[-1].seq if more else None)


def _named(visit: Visit, entry: EntryView) -> EntryView:
    """The entry with names for people's addresses. What its hash commits to is in `/v1/ledger`."""
    if entry.record is None:
        return entry
    record: dict[str, Any] = visit.names.within(entry.record)
    about = {name: record[name] for name in _ADDRESSES if isinstance(record.get(name), str)}
    named = {name: visit.names.called(f"user:{address}") for name, address in about.items()}
    return msgspec.structs.replace(entry, record=record | named)


pages = [
    PageRoute(
        path="/ledger",
        handler=show,
        scope="ledger:read",
        query=LedgerQuery,
        template="ledger.html",
    )
]
