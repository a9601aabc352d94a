"""`/v1/flaggers`: organisations whose notices come first; `/v1/notifiers`: who is not heard for a while."""

from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.intake import flaggers, notifiers
from tidegate.intake.flagging import (
    FlaggerDetail,
    FlaggerIn,
    FlaggerView,
    NotifierView,
    ReasonIn,
    SuspensionIn,
)
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import Page, PageQuery
from tidegate.web.gate import segment

SCOPE = "flaggers:write"


def create(tx: Tx, call: Call[FlaggerIn]) -> FlaggerView:
    given = call.body
    if call.principal.platforms is not None:
        given = msgspec.structs.replace(given, platform=call.platform(given.platform))
    return flaggers.create_flagger(tx, given)


def list_all(tx: Tx, call: Call[object, PageQuery]) -> Page:
    return Page(*flaggers.list_flaggers(tx, call.query.cursor, call.query.limit))


def show(tx: Tx, call: Call) -> FlaggerDetail:
    return flaggers.get_flagger(tx, _id(call))


def suspend(tx: Tx, call: Call[ReasonIn]) -> FlaggerView:
    return flaggers.suspend_flagger(tx, _id(call), call.body.reason)


def resume(tx: Tx, call: Call[ReasonIn]) -> FlaggerView:
    return flaggers.resume_flagger(tx, _id(call), call.body.reason)


def show_notifier(tx: Tx, call: Call) -> NotifierView:
    return notifiers.get_notifier(tx, call.platform(), segment(call.path["pseudonym"]))


def warn(tx: Tx, call: Call[ReasonIn]) -> NotifierView:
    who = segment(call.path["pseudonym"])
    return notifiers.warn_notifier(tx, call.platform(), who, call.body.reason)


def suspend_notifier(tx: Tx, call: Call[SuspensionIn]) -> NotifierView:
    who, given = segment(call.path["pseudonym"]), call.body
    return notifiers.suspend_notifier(tx, call.platform(), who, given.reason, given.until)


def lift(tx: Tx, call: Call[ReasonIn]) -> NotifierView:
    who = segment(call.path["pseudonym"])
    return notifiers.lift_measures(tx, call.platform(), who, call.body.reason)


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise flaggers.flagger_unknown() from None


_FLAGGER, _NOTIFIER = "/v1/flaggers/{id}", "/v1/notifiers/{pseudonym}"

endpoints = [
    Endpoint(
        method="POST",
        path="/v1/flaggers",
        scope=SCOPE,
        summary="Register a trusted flagger",
        handler=create,
        body=FlaggerIn,
        answer=FlaggerView,
        status=201,
        idempotent=True,
        refusals=(409,),
    ),
    Endpoint(
        method="GET",
        path="/v1/flaggers",
        scope=SCOPE,
        summary="List the trusted flaggers, the eldest first",
        handler=list_all,
        query=PageQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_FLAGGER,
        scope=SCOPE,
        summary="Read a trusted flagger, with what became of its reports",
        handler=show,
        answer=FlaggerDetail,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_FLAGGER}/suspend",
        scope=SCOPE,
        summary="Suspend the status of a trusted flagger, for a reason",
        handler=suspend,
        body=ReasonIn,
        answer=FlaggerView,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{_FLAGGER}/resume",
        scope=SCOPE,
        summary="Give a suspended flagger its status back",
        handler=resume,
        body=ReasonIn,
        answer=FlaggerView,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="GET",
        path=_NOTIFIER,
        scope=SCOPE,
        summary="Read where a notifier stands, by pseudonym, and what became of their reports",
        handler=show_notifier,
        answer=NotifierView,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_NOTIFIER}/warn",
        scope=SCOPE,
        summary="Warn a notifier, for a reason",
        handler=warn,
        body=ReasonIn,
        answer=NotifierView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_NOTIFIER}/suspend",
        scope=SCOPE,
        summary="Process no notices of a warned notifier until a time, but threats to life",
        handler=suspend_notifier,
        body=SuspensionIn,
        answer=NotifierView,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{_NOTIFIER}/lift",
        scope=SCOPE,
        summary="End a notifier's suspension or warning, for a reason",
        handler=lift,
        body=ReasonIn,
        answer=NotifierView,
        idempotent=True,
        refusals=(404, 409),
    ),
]
