"""The words that an alert rang for: of each report its fields with the patterns that fired in them, as they did
when it came; of a post that rings by itself, as packs read it now.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tidegate.content.kept import kept_revisions
from tidegate.content.model import Content
from tidegate.infra.db import Tx
from tidegate.intake.filed import SaidIn, said_in
from tidegate.intake.threats.model import Element, Fired, rings
from tidegate.intake.threats.screen import Screen
from tidegate.pipeline.instance import Instance
from tidegate.review.alert_lists import threatening_in, threatening_of
from tidegate.review.alert_model import Threatening

Field = Literal["text", "comment", "location"]

MOST = 20
"""Reports of which the words are told: the latest."""
LONGEST = 20_000
"""Characters of a post that is read anew to be shown."""


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern, `PACK/NAME`, that fired on text[start:end], in Unicode code points. `element`: what the
    words are to a threat, `says`: what the pack says of the pattern; None where no pack has it any more.
    `weighs`: they are single words that count beside others."""

    pattern: str
    start: int
    end: int
    element: Element | None
    says: str | None
    weighs: bool


class Rang(msgspec.Struct, frozen=True, kw_only=True):
    """A field that rang, its whole text and what fired in it. `report` is its sender's id, None of a post's own
    words; `item` is ours of what it brought or, of these, of the post."""

    report: str | None
    item: UUID
    field: Field
    text: str
    level: str
    at: datetime
    because: list[Because]


class _Answered(msgspec.Struct, frozen=True):
    level: str
    because: list[dict[str, object]]


class _Answer(msgspec.Struct, frozen=True):
    threat: _Answered | None = None


class _Placed(Fired, frozen=True):
    field: Field


def rang_in(tx: Tx, instance: Instance, case_id: UUID) -> list[Rang]:
    """What rang alerts about a case that the reader sees, the latest first; the same words once."""
    return _told(tx, instance, threatening_in(tx, case_id, MOST))


def rang_of(tx: Tx, instance: Instance, alert_id: UUID) -> list[Rang]:
    """The same of one alert."""
    return _told(tx, instance, threatening_of(tx, alert_id, MOST))


def rang_itself(tx: Tx, instance: Instance, item_id: UUID, content: Content | None) -> list[Rang]:
    """What a post says that rings by itself, by the packs that read posts now."""
    screen, text = instance.threats(tx), content and content.text
    if content is None or not text or content.publicness == "private" or len(text) > LONGEST:
        return []
    threat = screen.screen_item(text, content.language)
    if threat is None or not rings(threat.level):
        return []
    return [
        Rang(
            report=None,
            item=item_id,
            field="text",
            text=text,
            level=threat.level,
            at=content.created_at,
            because=_because(screen, text, threat.because),
        )
    ]


def _told(tx: Tx, instance: Instance, threats: Sequence[Threatening]) -> list[Rang]:
    if not threats:
        return []
    screen = instance.threats(tx)
    said = said_in(tx, [one.report for one in threats])
    fired = {id: _fired(one) for id, one in said.items()}
    brought = {
        said[id].brought for id, some in fired.items() if any(f.field == "text" for f in some)
    }
    texts = _texts(tx, brought)
    found: dict[tuple[str, str], Rang] = {}
    for threat in threats:
        one = said.get(threat.report)
        if one is None:
            continue
        for field, text in _fields(one, texts):
            because = _because(screen, text, [it for it in fired[one.id] if it.field == field])
            if because:
                rang = Rang(
                    report=one.external_id,
                    item=one.brought,
                    field=field,
                    text=text,
                    level=threat.level,
                    at=threat.at,
                    because=because,
                )
                found.setdefault((field, text.strip()), rang)
    return list(found.values())


def _fields(one: SaidIn, texts: dict[UUID, str]) -> list[tuple[Field, str]]:
    given: list[tuple[Field, str | None]] = [
        ("text", texts.get(one.brought)),
        ("comment", one.comment),
        ("location", one.location),
    ]
    return [(field, text) for field, text in given if text]


def _fired(said: SaidIn) -> list[_Placed]:
    """What the report was answered with; nothing once that is erased."""
    if said.answer is None:
        return []
    threat = _answers.decode(said.answer).threat
    return [] if threat is None else [msgspec.convert(one, _Placed) for one in threat.because]


_answers = msgspec.json.Decoder(_Answer)


def _texts(tx: Tx, items: Collection[UUID]) -> dict[UUID, str]:
    """What was brought, as it was sent."""
    kept = kept_revisions(tx, [(one, 1) for one in items])
    return {
        item: one.content.text
        for (item, _), one in kept.items()
        if one.content is not None and one.content.text
    }


def _because(screen: Screen, text: str, fired: Sequence[Fired]) -> list[Because]:
    """What fired, where the text still says it."""
    found: list[Because] = []
    for one in fired:
        if text[one.start : one.end] != one.text:
            continue
        pattern = screen.pattern(one.pattern)
        found.append(
            Because(
                pattern=one.pattern,
                start=one.start,
                end=one.end,
                element=pattern and pattern.element,
                says=(pattern and pattern.text) or None,
                weighs=pattern is not None and pattern.each,
            )
        )
    return found
