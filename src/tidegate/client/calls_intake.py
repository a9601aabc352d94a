"""More functions as those of `calls.py`, one a route: about reports that are there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call
from tidegate.client.intake import Flagger, GradingScheme, Notifier, ReportGrade, Source
from tidegate.client.model import Page
from tidegate.client.reports import Reference, ReportRecord

T = TypeVar("T")

_json = msgspec.json.Encoder()


def source(id: str, purpose: str, justification: str | None = None) -> Call[Source]:
    """See who the source of a report is, for a purpose; each sight is in the ledger. A key of a person
    needs a `justification`. No answer is kept: one that is asked for again is seen twice."""
    body = {"purpose": purpose} | _given(justification=justification)
    path = f"{_report(id)}/source"
    return Call(method="POST", path=path, answer=Source, json=_json.encode(body))


def grade(
    id: str,
    scheme: str,
    source: str,
    information: str,
    *,
    handling: str | None = None,
    note: str | None = None,
) -> Call[ReportGrade]:
    """Say how far a report's source and what it says are believed, in a scheme's codes."""
    body = {"scheme": scheme, "source": source, "information": information}
    body |= _given(handling=handling, note=note)
    path = f"{_report(id)}/grade"
    return _post(path, body, ReportGrade)


def grades_page(
    id: str, cursor: str | None = None, limit: int | None = None
) -> Call[Page[ReportGrade]]:
    """A page of a report's grades, the newest and present one first."""
    params = {name: str(value) for name, value in _given(cursor=cursor, limit=limit).items()}
    path = f"{_report(id)}/grades"
    return Call(method="GET", path=path, answer=Page[ReportGrade], params=params)


def grading_schemes() -> Call[Page[GradingScheme]]:
    """The schemes that grades are given in."""
    return Call(method="GET", path="/v1/grading/schemes", answer=Page[GradingScheme])


def ask_reporter(id: str, text: str) -> Call[ReportRecord]:
    """Ask whoever sent a report, who sees it under their reference."""
    return _post(f"{_report(id)}/questions", {"text": text}, ReportRecord)


def say_more(code: str, text: str) -> Call[Reference]:
    """Answer a question, or add something to a report, for the reporter who has its code."""
    return _post(f"/v1/references/{_in_path(code)}/messages", {"text": text}, Reference)


def create_flagger(
    name: str,
    *,
    contact: str | None = None,
    areas: Sequence[str] = (),
    platform: str | None = None,
) -> Call[Flagger]:
    """Register a trusted flagger; `tidegate keys create --flagger ID` makes keys for it."""
    body = {"name": name, "areas": list(areas)} | _given(contact=contact, platform=platform)
    return _post("/v1/flaggers", body, Flagger)


def flaggers_page(cursor: str | None = None, limit: int | None = None) -> Call[Page[Flagger]]:
    """A page of the trusted flaggers, the eldest first."""
    params = {name: str(value) for name, value in _given(cursor=cursor, limit=limit).items()}
    return Call(method="GET", path="/v1/flaggers", answer=Page[Flagger], params=params)


def flagger(id: str) -> Call[Flagger]:
    """A trusted flagger, with what became of its reports."""
    return Call(method="GET", path=f"/v1/flaggers/{_in_path(id)}", answer=Flagger)


def suspend_flagger(id: str, reason: str) -> Call[Flagger]:
    """Suspend a trusted flagger's status."""
    return _post(f"/v1/flaggers/{_in_path(id)}/suspend", {"reason": reason}, Flagger)


def resume_flagger(id: str, reason: str) -> Call[Flagger]:
    """Give a suspended flagger its status back."""
    return _post(f"/v1/flaggers/{_in_path(id)}/resume", {"reason": reason}, Flagger)


def notifier(pseudonym: str) -> Call[Notifier]:
    """Where a notifier stands, and what became of their reports."""
    return Call(method="GET", path=f"/v1/notifiers/{_in_path(pseudonym)}", answer=Notifier)


def warn_notifier(pseudonym: str, reason: str) -> Call[Notifier]:
    """Warn a notifier."""
    return _post(f"/v1/notifiers/{_in_path(pseudonym)}/warn", {"reason": reason}, Notifier)


def suspend_notifier(pseudonym: str, reason: str, until: datetime) -> Call[Notifier]:
    """Process no notices of a warned notifier until then, but threats to life."""
    body = {"reason": reason, "until": until}
    return _post(f"/v1/notifiers/{_in_path(pseudonym)}/suspend", body, Notifier)


def lift_notifier(pseudonym: str, reason: str) -> Call[Notifier]:
    """End a notifier's suspension or warning."""
    return _post(f"/v1/notifiers/{_in_path(pseudonym)}/lift", {"reason": reason}, Notifier)


def _post(path: str, body: dict[str, Any], answer: type[T]) -> Call[T]:
    return Call(method="POST", path=path, answer=answer, json=_json.encode(body), key=uuid4().hex)


def _in_path(segment: str) -> str:
    return quote(segment, safe="")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _report(id: str) -> str:
    return f"/v1/reports/{_in_path(id)}"
