"""Incidents: what surged or was proposed, the situation of one, and what it came to, as a file of its own."""

import base64
import hashlib
import re
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.pipeline.situation import Debrief, Situation, debrief_of, situation_of
from tidegate.triage.incidents.actions import close_incident, open_incident, propose, take_step
from tidegate.triage.incidents.model import (
    DISMISSES,
    ENDS,
    CloseIn,
    IncidentIn,
    IncidentState,
    IncidentView,
    OpenIn,
    Scheme,
    StepIn,
    Taken,
    incident_unknown,
)
from tidegate.triage.incidents.queries import get_incident, list_incidents
from tidegate.triage.staffing import IN_TIME, SHARE
from tidegate.web.pages.charts import Chart, chart_of
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.render import TEMPLATES, html
from tidegate.web.pages.visit import Visit
from tidegate.web.words import spoken

PAGE = 50
_STYLE = re.compile(r"<style>(.*?)</style>", re.S)


class IncidentsQuery(Query, frozen=True, kw_only=True):
    state: IncidentState | None = None
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class IncidentsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents, the last first, and what a new one may be of."""

    incidents: list[IncidentView]
    next: str | None
    state: IncidentState | None
    schemes: list[Scheme]
    platforms: list[str] | None


class StepView(msgspec.Struct, frozen=True):
    """A step of the scheme, and who took it when."""

    name: str
    text: str
    taken: Taken | None


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One incident: its situation, drawn, and what can be done with it."""

    situation: Situation
    scheme: Scheme
    chart: Chart
    steps: list[StepView]
    outcomes: list[str]
    share: float
    in_time: int  # minutes
    may_open: bool


class DebriefPage(msgspec.Struct, frozen=True, kw_only=True):
    debrief: Debrief
    scheme: Scheme
    chart: Chart
    steps: list[StepView]


def show_all(visit: Visit) -> IncidentsPage:
    """Also shown again with a form that was refused."""
    state, cursor = visit.query.state, visit.query.cursor
    with visit.begin() as tx:
        found, following = list_incidents(tx, state, cursor, PAGE)
    schemes = visit.instance.schemes
    bound = visit.who.platforms
    return IncidentsPage(
        incidents=found,
        next=following and with_query("/incidents", **_given(state=state, cursor=following)),
        state=state,
        schemes=[schemes[name].in_language(spoken().tag) for name in sorted(schemes)],
        platforms=None if bound is None else sorted(bound),
    )


def show(visit: Visit) -> IncidentPage:
    with visit.begin() as tx:
        incident = get_incident(tx, _id(visit))
        now = situation_of(tx, incident, visit.instance.schemes)
    scheme = now.scheme.in_language(spoken().tag)
    return IncidentPage(
        situation=now,
        scheme=scheme,
        chart=chart_of(now.volumes, now.first, now.last, incident.evidence),
        steps=_steps(scheme, incident),
        outcomes=list(DISMISSES if incident.state == "proposed" else ENDS),
        share=SHARE,
        in_time=int(IN_TIME.total_seconds() // 60),
        may_open=visit.may("incidents:write") and visit.may(scheme.activates),
    )


def show_debrief(visit: Visit) -> Response:
    """One file with all that it shows: it needs nothing but itself, and may be kept and sent on."""
    with visit.begin() as tx:
        incident = get_incident(tx, _id(visit))
        told = debrief_of(tx, incident, visit.instance.schemes)
    scheme = told.scheme.in_language(spoken().tag)
    page = DebriefPage(
        debrief=told,
        scheme=scheme,
        chart=chart_of(told.volumes, told.first, told.last, incident.evidence),
        steps=_steps(scheme, incident),
    )
    return html("debrief.html", visit, page, headers={"Content-Security-Policy": _policy()})


@cache
def _policy() -> str:
    """It may use its own style sheet, which stands in it, and nothing else."""
    found = _STYLE.search((TEMPLATES / "debrief.html").read_text())
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
    )


def create(visit: Visit) -> str:
    names = ("scheme", "title", "platform", "note")
    said = convert(_given(**{name: visit.field(name) for name in names}), IncidentIn)
    with visit.begin() as tx:
        made = propose(tx, said, visit.instance.schemes)
    return f"/incidents/{made.id}?done=incident-proposed"


def open_(visit: Visit) -> str:
    routes = _given(
        languages=visit.parts("languages"),
        labels=visit.parts("labels"),
        story=visit.field("story"),
        when=[one.strip() for one in visit.field("routes_when").splitlines() if one.strip()],
    )
    given = {name: visit.field(name) for name in ("reason", "level", "bank")}
    said: dict[str, Any] = _given(**given, criteria=visit.fields("criteria"), routes=routes)
    incident_id = _id(visit)
    with visit.begin() as tx:
        open_incident(tx, incident_id, convert(said, OpenIn), visit.instance.schemes, visit.may)
    return f"/incidents/{incident_id}?done=incident-opened"


def step(visit: Visit) -> str:
    said = convert(_given(step=visit.field("step"), note=visit.field("step_note")), StepIn)
    incident_id = _id(visit)
    with visit.begin() as tx:
        take_step(tx, incident_id, said, visit.instance.schemes)
    return f"/incidents/{incident_id}?done=incident-stepped"


def close(visit: Visit) -> str:
    given = _given(outcome=visit.field("outcome"), reason=visit.field("closing"))
    incident_id = _id(visit)
    try:
        with visit.begin() as tx:
            close_incident(tx, incident_id, convert(given, CloseIn))
    except Refusal as refusal:
        raise of_form(refusal, {"/reason": "closing"}) from None
    return f"/incidents/{incident_id}?done=incident-closed"


def _id(visit: Visit) -> Any:
    return visit.uuid("incident", incident_unknown)


def _steps(scheme: Scheme, incident: IncidentView) -> list[StepView]:
    """Those of the scheme in its order; then what was taken of an older one."""
    taken = {one.step: one for one in incident.steps}
    found = [StepView(one.name, one.text, taken.pop(one.name, None)) for one in scheme.steps]
    return [*found, *(StepView(name, name, one) for name, one in taken.items())]


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


_LIST = PageRoute(
    path="/incidents",
    handler=show_all,
    scope="cases:read",
    query=IncidentsQuery,
    template="incidents.html",
)
_ONE = PageRoute(
    path="/incidents/{incident}", handler=show, scope="cases:read", template="incident.html"
)


def _on_one(verb: str, handler: Any) -> PageRoute:
    return PageRoute(
        method="POST",
        path=f"/incidents/{{incident}}/{verb}",
        handler=handler,
        scope="incidents:write",
        again=_ONE,
    )


pages = [
    _LIST,
    PageRoute(
        method="POST", path="/incidents", handler=create, scope="incidents:write", again=_LIST
    ),
    PageRoute(path="/incidents/{incident}/debrief", handler=show_debrief, scope="cases:read"),
    _ONE,
    _on_one("open", open_),
    _on_one("step", step),
    _on_one("close", close),
]
