"""`/v1/checks`: whether what was ordered or referred can still be reached, as it was seen from here."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.oversight.checks.queries import list_checks
from tidegate.pipeline.oversight.checking import CheckIn, CheckView, ask, shown
from tidegate.web.api.endpoint import Call, Endpoint, bad_parameter
from tidegate.web.api.paging import Page, PageQuery


class ChecksQuery(PageQuery, frozen=True, kw_only=True):
    """Of which order or referral, or of what was sent to which organisation."""

    order: UUID | None = None
    referral: UUID | None = None
    organisation: Annotated[str, Meta(max_length=100)] | None = None


def list_all(tx: Tx, call: Call[object, ChecksQuery]) -> Page:
    asked = call.query
    if asked.order is not None and asked.referral is not None:
        raise bad_parameter("referral", "none beside order", str(asked.referral))
    found, following = list_checks(
        tx,
        owner=asked.order or asked.referral,
        kind="order" if asked.order else "referral" if asked.referral else None,
        organisation=asked.organisation,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return Page(told(shown(tx, found)), following)


def ask_one(tx: Tx, call: Call[CheckIn]) -> dict[str, Any]:
    return told(ask(tx, call.instance, call.body))


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="GET",
        path="/v1/checks",
        scope="oversight:read",
        summary="List looks at what was ordered or referred, what is due last first",
        handler=list_all,
        query=ChecksQuery,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/checks",
        scope="oversight:write",
        summary="Ask for one more look at an address that an order or a referral of ours names",
        handler=ask_one,
        body=CheckIn,
        answer=CheckView,
        status=201,
        idempotent=True,
        whole=True,
        person=True,
    ),
]
