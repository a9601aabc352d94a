"""What somebody bound to one platform may try on the routes and pages about measures: they are the whole authority's,
and nothing for them."""

from typing import Any
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.oversight.measures.actions import keep_draft
from tidegate.oversight.measures.model import MeasureIn
from tidegate.pipeline.instance import Instance

Tried = dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]
_DRAFT: dict[str, Any] = {
    "organisation": "forum.example",
    "step": "dialogue",
    "reasons": "of a",
    "evidence": [],
}
_SAID: dict[str, dict[str, Any]] = {
    "sheet": {},
    "sign": {},
    "notify": {},
    "reply": {"text": "of a"},
    "conclude": {"outcome": "stands", "reasons": "of a"},
    "withdraw": {"reasons": "of a"},
}


def measure_about(tx: Tx, instance: Instance, words: str) -> UUID:
    """A draft with words that only some may read."""
    pack = instance.measures["eu-tco"]
    given = MeasureIn(organisation="forum.example", step="dialogue", reasons=words, evidence=[])
    return keep_draft(tx, pack, pack.step("dialogue"), given, []).id


def attempts(id: UUID) -> Tried:
    """By a key."""
    one = f"/v1/measures/{id}"
    tried: Tried = {
        ("POST", "/v1/measures"): [("/v1/measures", {"json": _DRAFT})],
        ("GET", "/v1/measures"): [("/v1/measures", {}), ("/v1/measures?state=open", {})],
        ("GET", "/v1/measures.csv"): [("/v1/measures.csv", {})],
        ("GET", "/v1/measures/{id}"): [(one, {})],
        ("GET", "/v1/measures/{id}.csv"): [(f"{one}.csv", {})],
        ("GET", "/v1/measures/{id}/letter.pdf"): [(f"{one}/letter.pdf", {})],
    }
    for verb, said in _SAID.items():
        tried["POST", f"/v1/measures/{{id}}/{verb}"] = [(f"{one}/{verb}", {"json": said})]
    return tried


def page_attempts(id: UUID) -> Tried:
    """By a person."""
    one, draft = f"/measures/{id}", {"to": "forum.example", "step": "eu-tco/dialogue"}
    tried: Tried = {
        ("GET", "/measures"): [("/measures", {}), ("/measures?state=open", {})],
        ("GET", "/measures.csv"): [("/measures.csv", {})],
        ("GET", "/measures/new"): [("/measures/new", {})],
        ("POST", "/measures"): [("/measures", draft | {"reasons": "of a"})],
        ("GET", "/measures/{measure}"): [(one, {})],
        ("GET", "/measures/{measure}.csv"): [(f"{one}.csv", {})],
        ("GET", "/measures/{measure}/letter.pdf"): [(f"{one}/letter.pdf", {})],
    }
    for verb, said in _SAID.items():
        form = {f"{verb}_{name}": value for name, value in said.items()}
        tried["POST", f"/measures/{{measure}}/{verb}"] = [(f"{one}/{verb}", form)]
    return tried
