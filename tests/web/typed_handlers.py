"""Handlers that are wrong, for pyright: each `ignore` here must have something to ignore, or
`make check` fails. So the types of `Endpoint` and `Call` go on finding what they are for.
"""

from typing import Any

from tidegate.infra.db import Tx
from tidegate.intake.model import ReportIn
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import PageQuery


def no_such_field(tx: Tx, call: Call[ReportIn]) -> object:
    return call.body.nothing  # pyright: ignore[reportAttributeAccessIssue]


def no_such_parameter(tx: Tx, call: Call[object, PageQuery]) -> object:
    return call.query.nothing  # pyright: ignore[reportAttributeAccessIssue]


def not_declared(tx: Tx, call: Call) -> object:
    return call.body.id  # pyright: ignore[reportAttributeAccessIssue]


def of_a_report(tx: Tx, call: Call[ReportIn]) -> object:
    return call.body.id


async def reads_by_itself(call: Call[ReportIn]) -> object:
    return call.body.id


about: dict[str, Any] = {"method": "POST", "path": "/", "scope": "", "summary": ""}
right = Endpoint(**about, handler=of_a_report, body=ReportIn)
no_body = Endpoint(  # pyright: ignore[reportArgumentType]
    method="POST", path="/", scope="", summary="", handler=of_a_report
)
another_body = Endpoint(
    **about,
    handler=of_a_report,
    body=PageQuery,  # pyright: ignore[reportArgumentType]
)
not_parsed = Endpoint(
    **about,
    handler=reads_by_itself,  # pyright: ignore[reportArgumentType]
    body=ReportIn,
)
