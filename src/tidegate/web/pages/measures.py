"""Measures on the desk: those there are, one with all that persons weigh, and a form for each verb. The paths are
those of the API; what the pages say of the law comes from its pack.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.exchange.model import Party
from tidegate.exchange.queries import parties
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.infra.times import told
from tidegate.oversight.measures.model import (
    OPEN,
    ConcludeIn,
    MeasureIn,
    ReplyIn,
    WithdrawIn,
)
from tidegate.oversight.measures.packs import MeasurePack
from tidegate.oversight.measures.queries import list_measures, measure_of, measure_unknown
from tidegate.oversight.measures.sheet import SheetIn
from tidegate.pipeline.oversight import measures
from tidegate.pipeline.oversight.letters import letter_pdf
from tidegate.pipeline.oversight.shown_measures import (
    MeasureLine,
    MeasureView,
    measure_lines,
    measure_view,
)
from tidegate.web.csv import listed
from tidegate.web.measure_tables import measure_table
from tidegate.web.pages.order_drafts import PLATFORMS
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

READS, WRITES, SIGNS = "oversight:read", "oversight:write", "oversight:sign"
T = TypeVar("T")
PAGE = 50
CSV = 500  # lines of the table


class MeasuresQuery(Query, frozen=True, kw_only=True):
    state: Literal["open"] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class MeasuresPage(msgspec.Struct, frozen=True, kw_only=True):
    """The measures, the newest first; `state` "open": those that are neither concluded nor withdrawn."""

    measures: list[MeasureLine]
    next: str | None
    state: str | None


class MeasurePage(msgspec.Struct, frozen=True):
    """One measure, and which verbs can be done to it now."""

    measure: MeasureView
    verbs: list[str]


class NewMeasurePage(msgspec.Struct, frozen=True):
    """Against whom a measure can be drafted, and the steps and requirements of each law."""

    platforms: list[Party]
    packs: list[MeasurePack]


def show_all(visit: Visit) -> MeasuresPage:
    query: MeasuresQuery = visit.query
    lines, following = _lines(visit, PAGE)
    given = {} if query.state is None else {"state": str(query.state)}
    following = following and with_query("/measures", **given, cursor=following)
    return MeasuresPage(measures=lines, next=following, state=query.state)


def show_all_csv(visit: Visit) -> Response:
    """The same as a table, of many at once."""
    lines, _ = _lines(visit, CSV)
    rows = visit.names.within(told(lines))
    return listed("measures", MeasureLine.__struct_fields__, rows)


def show_new(visit: Visit) -> NewMeasurePage:
    with visit.begin() as tx:
        found = parties(tx, kind="platform", state="confirmed", limit=PLATFORMS)
    return NewMeasurePage(found, list(visit.instance.measures.values()))


def show(visit: Visit) -> MeasurePage:
    with visit.begin() as tx:
        found = measure_view(tx, visit.instance, measure_of(tx, _id(visit)))
    signed = any(one.by == visit.who.actor for one in found.signatures)
    return MeasurePage(found, _verbs(found, signed=signed))


def show_csv(visit: Visit) -> Response:
    """The same as a table."""
    with visit.begin() as tx:
        return measure_table(measure_view(tx, visit.instance, measure_of(tx, _id(visit))))


def show_letter(visit: Visit) -> Response:
    with visit.begin() as tx:
        pdf = letter_pdf(tx, visit.instance, measure_of(tx, _id(visit)))
    shown = {"Content-Disposition": 'inline; filename="letter.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=shown)


def begin(visit: Visit) -> str:
    law, _, step = visit.field("step").partition("/")
    said = _given(
        organisation=visit.field("to"),
        step=step,
        pack=law,
        reasons=visit.field("reasons"),
        requires=[code for name, _, code in _required(visit) if name == law],
    )
    said["evidence"] = [_evidence(line) for line in visit.field("evidence").splitlines() if line]
    try:
        given = convert(said, MeasureIn)
        with visit.begin() as tx:
            measure = measures.begin(tx, visit.instance, given)
    except Refusal as refusal:
        raise _of_draft(refusal) from None
    return f"/measures/{measure.id}?done=measure-drafted"


def sheet(visit: Visit) -> str:
    factors = [name for name, _ in visit.form.fields if name.startswith("factor_")]
    said: dict[str, Any] = {
        "factors": {name.removeprefix("factor_"): visit.field(name) for name in factors},
        "infringements": visit.fields("infringements"),
    }
    if key := visit.field("ceiling"):
        said["ceiling"] = {"key": key} | _given(because=visit.field("because"))
    turnover = _given(
        value=visit.field("turnover"),
        currency=visit.field("currency"),
        known_from=visit.field("known_from"),
    )
    if year := visit.field("year"):
        turnover["year"] = int(year) if year.isascii() and year.isdigit() else year
    if turnover:
        said["turnover"] = turnover
    names = {"/ceiling/because": "because", "/ceiling/key": "ceiling"}
    names |= {"/turnover/value": "turnover", "/turnover/currency": "currency"}
    names |= {"/turnover/year": "year", "/turnover/known_from": "known_from"}
    try:
        given = convert(said, SheetIn)
        with visit.begin() as tx:
            measures.assess(tx, visit.instance, _id(visit), given)
    except Refusal as refusal:
        raise of_form(refusal, names) from None
    return f"/measures/{_id(visit)}?done=measure-sheet"


def sign(visit: Visit) -> str:
    with visit.begin() as tx:
        signed = measures.sign(tx, visit.instance, _id(visit))
    done = "measure-proposed" if signed.state == "proposed" else "measure-signed"
    return f"/measures/{_id(visit)}?done={done}"


def notify(visit: Visit) -> str:
    with visit.begin() as tx:
        measures.notify(tx, visit.instance, _id(visit))
    return f"/measures/{_id(visit)}?done=measure-notified"


def reply(visit: Visit) -> str:
    return _do(visit, "reply", ReplyIn, measures.reply, "text", "at")


def conclude(visit: Visit) -> str:
    return _do(visit, "conclude", ConcludeIn, measures.conclude, "outcome", "reasons")


def withdraw(visit: Visit) -> str:
    return _do(visit, "withdraw", WithdrawIn, measures.withdraw, "reasons")


def _do(
    visit: Visit, verb: str, type: type[T], work: Callable[[Tx, Any, UUID, T], object], *names: str
) -> str:
    """A verb with what its form says; the fields are called after the verb, since a page has several forms."""
    fields = {name: f"{verb}_{name}" for name in names}
    try:
        said = {name: visit.field(field) for name, field in fields.items()}
        given = convert(_given(**said), type)
        with visit.begin() as tx:
            work(tx, visit.instance, _id(visit), given)
    except Refusal as refusal:
        raise of_form(refusal, {f"/{name}": field for name, field in fields.items()}) from None
    return f"/measures/{_id(visit)}?done=measure-{verb}"


def _lines(visit: Visit, limit: int) -> tuple[list[MeasureLine], str | None]:
    query: MeasuresQuery = visit.query
    states = list(OPEN) if query.state == "open" else None
    with visit.begin() as tx:
        found, following = list_measures(tx, states=states, cursor=query.cursor, limit=limit)
        return measure_lines(tx, visit.instance, found), following


def _verbs(measure: MeasureView, *, signed: bool) -> list[str]:
    """What can be done now; the forms of the others are not shown."""
    state = measure.state
    found = {
        "sheet": state == "draft" and measure.sheet is not None,
        "sign": state in ("draft", "proposed") and not signed,
        "notify": state == "signed",
        "reply": state == "notified",
        "conclude": state == "notified" and not measure.reply_open,
        "withdraw": state in OPEN,
    }
    return [verb for verb, may in found.items() if may]


def _required(visit: Visit) -> list[tuple[str, str, str]]:
    """The boxes that are ticked, each the law and a code."""
    return [one.partition("/") for one in visit.fields("requires")]


def _evidence(line: str) -> dict[str, str]:
    """A line as people type it: the kind, the id, and what is to be said of it."""
    kind, _, rest = line.strip().partition(" ")
    id, _, note = rest.strip().partition(" ")
    return _given(kind=kind, id=id, note=note.strip())


def _of_draft(refusal: Refusal) -> Refusal:
    """What is wrong with a draft, at the fields of its form."""
    names = {"/organisation": "to", "/pack": "step"}
    for one in refusal.errors:
        for field in ("evidence", "requires"):
            if one.pointer.startswith(f"/{field}"):
                names[one.pointer] = field
    return of_form(refusal, names)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [])}


def _id(visit: Visit) -> UUID:
    return visit.uuid("measure", measure_unknown)


_new = PageRoute(
    path="/measures/new", handler=show_new, scope=WRITES, template="measure_new.html", whole=True
)
_one = PageRoute(
    path="/measures/{measure}", handler=show, scope=READS, template="measure.html", whole=True
)

pages = [
    PageRoute(
        path="/measures",
        handler=show_all,
        scope=READS,
        query=MeasuresQuery,
        template="measures.html",
        whole=True,
    ),
    PageRoute(
        path="/measures.csv", handler=show_all_csv, scope=READS, query=MeasuresQuery, whole=True
    ),
    _new,
    # The table's path comes first: it is no id.
    PageRoute(path="/measures/{measure}.csv", handler=show_csv, scope=READS, whole=True),
    _one,
    PageRoute(path="/measures/{measure}/letter.pdf", handler=show_letter, scope=READS, whole=True),
    PageRoute(method="POST", path="/measures", handler=begin, scope=WRITES, again=_new, whole=True),
    *(
        PageRoute(
            method="POST",
            path=f"/measures/{{measure}}/{name}",
            handler=handler,
            scope=None,
            any_of=scopes,
            again=_one,
            whole=True,
        )
        for name, handler, scopes in (
            ("sheet", sheet, (WRITES, SIGNS)),
            ("sign", sign, (SIGNS,)),
            ("notify", notify, (WRITES, SIGNS)),
            ("reply", reply, (WRITES, SIGNS)),
            ("conclude", conclude, (WRITES, SIGNS)),
            ("withdraw", withdraw, (WRITES, SIGNS)),
        )
    ),
]
