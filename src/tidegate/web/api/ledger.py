"""`/v1/ledger`: what proves what was done."""

from tidegate.decisions.disclosure import shown_entries
from tidegate.infra.db import Tx
from tidegate.ledger import queries as ledger
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import AfterQuery, Page, decode_number


def list_ledger(tx: Tx, call: Call[object, AfterQuery]) -> Page:
    """`next` goes past what is not the reader's, up to what was sealed before they asked."""
    after, limit = decode_number(call.query.after), call.query.limit
    newest = ledger.head(tx)
    found = shown_entries(tx, ledger.list_entries(tx, after, limit))
    reached = found[-1].seq if found else after
    if newest is not None and len(found) < limit:
        reached = max(reached, newest.seq)
    return Page(found, str(reached))


endpoints = [
    Endpoint(
        method="GET",
        path="/v1/ledger",
        scope="ledger:read",
        summary="Sealed ledger entries, after a number",
        handler=list_ledger,
        query=AfterQuery,
        answer=Page,
    ),
]
