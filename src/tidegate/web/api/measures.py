"""`/v1/measures`: what an authority asks of a provider, step by step: signed by two persons, notified, replied to,
concluded. No route takes or gives the amount of a penalty."""

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.oversight.measures.model import (
    OPEN,
    ConcludeIn,
    Measure,
    MeasureIn,
    ReplyIn,
    State,
    WithdrawIn,
)
from tidegate.oversight.measures.packs import StepName
from tidegate.oversight.measures.queries import list_measures, measure_of, measure_unknown
from tidegate.oversight.measures.sheet import SheetIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight import measures
from tidegate.pipeline.oversight.letters import letter_pdf
from tidegate.pipeline.oversight.shown_measures import (
    MeasureLine,
    MeasureView,
    measure_lines,
    measure_view,
    shown_measure,
)
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.orders import Proposed
from tidegate.web.api.paging import Page, PageQuery
from tidegate.web.csv import listed
from tidegate.web.measure_tables import measure_table

READS, WRITES, SIGNS = "oversight:read", "oversight:write", "oversight:sign"
_ONE = "/v1/measures/{id}"


class MeasuresQuery(PageQuery, frozen=True, kw_only=True):
    """Which measures; `open`: neither concluded nor withdrawn."""

    organisation: str | None = None
    step: StepName | None = None
    state: State | Literal["open"] | None = None


def _id(call: Call[Any, Any]) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise measure_unknown() from None


def _states(asked: State | Literal["open"] | None) -> list[State] | None:
    if asked is None:
        return None
    return list(OPEN) if asked == "open" else [asked]


def _found(tx: Tx, call: Call[object, MeasuresQuery]) -> tuple[list[dict[str, Any]], str | None]:
    asked = call.query
    found, following = list_measures(
        tx,
        organisation=asked.organisation,
        step=asked.step,
        states=_states(asked.state),
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return told(measure_lines(tx, call.instance, found)), following


def list_all(tx: Tx, call: Call[object, MeasuresQuery]) -> Page:
    return Page(*_found(tx, call))


def list_csv(tx: Tx, call: Call[object, MeasuresQuery]) -> Response:
    return listed("measures", MeasureLine.__struct_fields__, _found(tx, call)[0])


def show(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_measure(tx, call.instance, measure_of(tx, _id(call)))


def show_csv(tx: Tx, call: Call) -> Response:
    return measure_table(measure_view(tx, call.instance, measure_of(tx, _id(call))))


def letter(tx: Tx, call: Call) -> Response:
    """What the organisation is served."""
    pdf = letter_pdf(tx, call.instance, measure_of(tx, _id(call)))
    shown = {"Content-Disposition": 'inline; filename="letter.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=shown)


def begin(tx: Tx, call: Call[MeasureIn]) -> dict[str, Any]:
    return shown_measure(tx, call.instance, measures.begin(tx, call.instance, call.body))


def sign(tx: Tx, call: Call) -> Any:
    """The first of two is answered 202."""
    measure = measures.sign(tx, call.instance, _id(call))
    if measure.state == "proposed":
        return Response(b'{"state":"proposed"}', 202, media_type="application/json")
    return shown_measure(tx, call.instance, measure)


def notify(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_measure(tx, call.instance, measures.notify(tx, call.instance, _id(call)))


def _said(
    verb: Callable[[Tx, Instance, UUID, Any], Measure],
) -> Callable[[Tx, Call[Any]], dict[str, Any]]:
    """The handler of a verb that takes a body."""

    def handle(tx: Tx, call: Call[Any]) -> dict[str, Any]:
        return shown_measure(tx, call.instance, verb(tx, call.instance, _id(call), call.body))

    return handle


def _verb(
    name: str,
    summary: str,
    handler: Callable[..., object],
    body: Any = None,
    *,
    scope: str = WRITES,
    or_scope: str | None = SIGNS,
    accepted: Any = None,
) -> Endpoint[Any, Any]:
    more: dict[str, Any] = {} if body is None else {"body": body}
    return Endpoint(
        method="POST",
        path=f"{_ONE}/{name}",
        scope=scope,
        or_scope=or_scope,
        summary=summary,
        handler=handler,
        answer=MeasureView,
        accepted=accepted,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(404, 409),
        **more,
    )


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="POST",
        path="/v1/measures",
        scope=WRITES,
        summary="Draft a measure against a provider: which step, why, what it rests on, what it requires",
        handler=begin,
        body=MeasureIn,
        answer=MeasureView,
        status=201,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(409,),
    ),
    Endpoint(
        method="GET",
        path="/v1/measures",
        scope=READS,
        summary="List measures, the newest first",
        handler=list_all,
        query=MeasuresQuery,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/measures.csv",
        scope=READS,
        summary="The same list as a table (CSV)",
        handler=list_csv,
        query=MeasuresQuery,
        whole=True,
    ),
    # The table's path comes first: it is no id.
    Endpoint(
        method="GET",
        path=f"{_ONE}.csv",
        scope=READS,
        summary="The same measure as a table (CSV): a line for each thing that is known of it",
        handler=show_csv,
        whole=True,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        scope=READS,
        summary="Read a measure with its reasons, replies, clock and ladder, and the sheet of a penalty",
        handler=show,
        answer=MeasureView,
        whole=True,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/letter.pdf",
        scope=READS,
        summary="The letter of a measure; a draft until two persons have signed",
        handler=letter,
        whole=True,
        refusals=(404,),
    ),
    _verb(
        "sheet",
        "Fill in the sheet of a penalty, all of it each time: words, infringements, turnover",
        _said(measures.assess),
        SheetIn,
    ),
    _verb(
        "sign",
        "Sign a measure as one of two persons: the first is answered 202",
        sign,
        scope=SIGNS,
        or_scope=None,
        accepted=Proposed,
    ),
    _verb("notify", "Say that the organisation has the letter: its right of reply runs", notify),
    _verb("reply", "Write down what the organisation answered", _said(measures.reply), ReplyIn),
    _verb(
        "conclude",
        "Say whether the step stands, and why, once the right of reply is over",
        _said(measures.conclude),
        ConcludeIn,
    ),
    _verb("withdraw", "Take a measure back", _said(measures.withdraw), WithdrawIn),
]
