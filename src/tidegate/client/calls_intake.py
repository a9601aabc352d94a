"""More functions as those of `calls.py`, one a route: about reports that are there."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call
from tidegate.client.intake import GradingScheme, ReportGrade, Source
from tidegate.client.model import Page

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
    return Call(
        method="POST", path=path, answer=ReportGrade, json=_json.encode(body), key=uuid4().hex
    )


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


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _report(id: str) -> str:
    return f"/v1/reports/{quote(id, safe='')}"
