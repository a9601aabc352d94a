"""More functions as those of `calls.py`, one a route: what an authority asks of a provider, step by step. All that
binds takes a person's key; no answer has the amount of a penalty."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tidegate.client.call import Call
from tidegate.client.given import encoder, given, in_path, once, query
from tidegate.client.model import Page

Answer = dict[str, Any]


def draft_measure(
    organisation: str,
    step: str,
    reasons: str,
    evidence: Sequence[Mapping[str, str]],
    pack: str | None = None,
    requires: Sequence[str] | None = None,
) -> Call[Answer]:
    """Draft a measure; each piece of evidence has a `kind`, an `id` and perhaps a `note`."""
    body = {"organisation": organisation, "step": step, "reasons": reasons, "evidence": evidence}
    return _post("/v1/measures", body | given(pack=pack, requires=requires))


def measures_page(
    organisation: str | None = None,
    step: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Answer]]:
    """A page of measures, the newest first; the state `open`: neither concluded nor withdrawn."""
    asked = query(organisation=organisation, step=step, state=state, cursor=cursor, limit=limit)
    return Call(method="GET", path="/v1/measures", answer=Page[Answer], params=asked)


def measures_csv(
    organisation: str | None = None,
    step: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[bytes]:
    """The same as a table."""
    asked = query(organisation=organisation, step=step, state=state, cursor=cursor, limit=limit)
    return Call(method="GET", path="/v1/measures.csv", answer=bytes, params=asked)


def measure(id: str) -> Call[Answer]:
    """A measure with its reasons, replies and ladder, and the sheet of a penalty."""
    return Call(method="GET", path=_one(id), answer=Answer)


def measure_csv(id: str) -> Call[bytes]:
    """The same as a table: a line for each thing that is known of it."""
    return Call(method="GET", path=f"{_one(id)}.csv", answer=bytes)


def measure_letter(id: str) -> Call[bytes]:
    """The letter as a PDF."""
    return Call(method="GET", path=f"{_one(id)}/letter.pdf", answer=bytes)


def assess_measure(id: str, sheet: Mapping[str, Any]) -> Call[Answer]:
    """Fill in the sheet of a penalty, all of it each time: `factors`, `infringements`, `ceiling`, `turnover`."""
    return _post(f"{_one(id)}/sheet", sheet)


def sign_measure(id: str) -> Call[Answer]:
    """Sign as one of two persons; the first is answered that its state is `proposed`."""
    return _post(f"{_one(id)}/sign")


def notify_measure(id: str) -> Call[Answer]:
    """Say that the organisation has the letter: it may reply from now on."""
    return _post(f"{_one(id)}/notify")


def measure_replied(id: str, text: str, at: datetime | str | None = None) -> Call[Answer]:
    """Write down what the organisation answered, and when that came."""
    return _post(f"{_one(id)}/reply", {"text": text} | given(at=at))


def conclude_measure(id: str, outcome: str, reasons: str) -> Call[Answer]:
    """Say whether the step `stands` or is `dropped`."""
    return _post(f"{_one(id)}/conclude", {"outcome": outcome, "reasons": reasons})


def withdraw_measure(id: str, reasons: str) -> Call[Answer]:
    """Take a measure back."""
    return _post(f"{_one(id)}/withdraw", {"reasons": reasons})


def _one(id: str) -> str:
    return f"/v1/measures/{in_path(id)}"


def _post(path: str, body: Mapping[str, Any] | None = None) -> Call[Answer]:
    return Call(
        method="POST", path=path, answer=Answer, json=encoder.encode(body or {}), key=once()
    )
