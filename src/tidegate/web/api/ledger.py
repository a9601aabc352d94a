"""`/v1/ledger`: what proves what was done."""

from tidegate.infra.db import Tx
from tidegate.ledger import queries as ledger
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import AfterQuery, Page, decode_number


def list_ledger(tx: Tx, call: Call[object, AfterQuery]) -> Page:
    after = decode_number(call.query.after)
    found = ledger.list_entries(tx, after, call.query.limit)
    return Page(found, str(found[-1].seq if found else after))


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
