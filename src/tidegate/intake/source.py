"""Who a report comes from, as somebody may say it beside the report: kept apart from it, under a key of
its own. To send none is the rule. Pure.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.access.purposes import SHORTEST_JUSTIFICATION, Purpose
from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written


class SourceIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Who told us: their name, how they are reached, what they are to whom they tell of. At least one of
    the three."""

    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    contact: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    relation: Annotated[str, Meta(min_length=1, max_length=500)] | None = None

    def __repr__(self) -> str:
        """Without what it holds, wherever it might be written."""
        return "SourceIn(…)"

    __str__ = __repr__


class SourceAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For what the source is to be seen and, of a person, why in words."""

    purpose: Purpose
    justification: (
        Annotated[str, Meta(min_length=SHORTEST_JUSTIFICATION, max_length=2000)] | None
    ) = None


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """The source of a report, for one who may see it; `report` is the reporting side's own id."""

    report: str
    name: str | None = None
    contact: str | None = None
    relation: str | None = None

    def __repr__(self) -> str:
        return "SourceView(…)"

    __str__ = __repr__


_encoder = msgspec.json.Encoder(order="deterministic")


def check_source(source: SourceIn | None) -> None:
    """Raises Refusal (422) for a source that says nothing; what was sent is not repeated."""
    if source is None:
        return
    said = (source.name, source.contact, source.relation)
    if not any(one is not None and written(one) for one in said):
        expected = "a name, a contact or a relation in words, or no source at all"
        raise bad_field("/source", expected, "none of them")


def source_mark(key: bytes, source: SourceIn | None) -> bytes:
    """What the digest of a report has of its source: by it a retry with another source is told apart.
    Under the key that the source is encrypted under, so that who has all the others cannot guess it."""
    return b"" if source is None else keyed(key, "source", _encoder.encode(source))


def check_ask(ask: SourceAsk, *, person: bool) -> None:
    """A person says why in words; a system, whose key somebody gave this scope, need not. Raises Refusal
    (422)."""
    said = ask.justification
    if said is None and not person:
        return
    if said is None:
        raise bad_field("/justification", "why, in at least 15 characters, from a person", "none")
    if len(said.strip()) < SHORTEST_JUSTIFICATION or written(said) < 8:
        raise bad_field("/justification", "at least 15 characters in words", "blanks")


def source_unknown() -> Refusal:
    """The same for a report that is not there, is another platform's, or came without a source."""
    return Refusal(
        "source-unknown",
        404,
        "There is no such source",
        "No report with this id has a source here: most reports have none.",
    )
