"""What the decision panel offers: outcomes, labels, templates, and what has to be looked at first. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tidegate.content.parts import Part
from tidegate.policy.model import Pack
from tidegate.policy.templates import finished

DIGITS = 9
PICTURE = "media"


class LabelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A label, and what people call it; `digit` is the key that chooses it, `clause` the ground that it
    stands for, and `asks` whether the exemption must be answered."""

    name: str
    called: str
    text: str
    ground_kind: str
    clause: str
    asks: bool
    digit: int | None


class ExemptionChoice(msgspec.Struct, frozen=True):
    """An answer to whether the content is exempt; `digit` is the key that chooses it."""

    name: str
    text: str
    digit: int


class TemplateChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that may be the reason of an outcome; of one `label` alone, or of any. {label} and
    {clause} stand in it where no label is chosen yet."""

    name: str
    outcome: str
    label: str | None
    sentence: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What the form offers. `label` is chosen already: what the match's entry is labelled with. `look`:
    only a picture that is like one of a bank, or an unconfirmed entry, speaks for a restriction, and these
    parts must have been seen first. `clause` is the ground where no label names one."""

    outcomes: list[str] = []
    labels: list[LabelChoice] = []
    label: str | None = None
    exemptions: list[ExemptionChoice] = []
    templates: list[TemplateChoice] = []
    look: list[str] = []
    undo_seconds: float = 0.0
    at_once: bool = False  # it is about a life: what is decided leaves and is not undone
    clause: str = ""


def labels_of(pack: Pack) -> list[LabelChoice]:
    """The pack's labels, the first nine with a digit."""
    return [
        LabelChoice(
            name=label.name,
            called=label.called,
            text=label.text,
            ground_kind=label.ground.kind,
            clause=label.ground.reference,
            asks=label.exemption_required,
            digit=place if place <= DIGITS else None,
        )
        for place, label in enumerate(pack.labels.values(), 1)
    ]


def exemptions_of(pack: Pack) -> list[ExemptionChoice]:
    """The answers: none is 0, the others count from 1."""
    names = sorted(pack.exemptions, key=lambda name: name != "none")
    return [ExemptionChoice(name, pack.exemptions[name], digit) for digit, name in enumerate(names)]


def templates_of(pack: Pack, bank: str | None, language: str) -> list[TemplateChoice]:
    """The pack's templates, those of one label first: finished but for what a label says, which is put
    in where it is chosen. Those that name an entry only where one of a `bank` matched."""
    fitting = (one for one in pack.templates if bank is not None or "entry" not in one.fields)
    return [
        TemplateChoice(
            name=one.name,
            outcome=one.outcome,
            label=one.label,
            sentence=finished(
                one, label="{label}", entry=bank, clause="{clause}", language=language
            ),
        )
        for one in sorted(fitting, key=lambda one: one.label is None)
    ]


def label_of_match(
    case_label: str | None, matches: Iterable[dict[str, Any]], pack: Pack
) -> str | None:
    """The label that speaks already: the case's, else the first of what matched that the pack knows."""
    named = [name for match in matches if is_speaking(match) for name in match["labels"]]
    return next((name for name in [case_label, *named] if name in pack.labels), None)


def is_speaking(match: dict[str, Any]) -> bool:
    """Whether a match speaks for known content."""
    return match["stance"] == "known" and not match["allowed"]


def to_look_at(
    matches: Sequence[dict[str, Any]], reports: int, previews: Iterable[str], entries: Iterable[str]
) -> list[str]:
    """The parts that must be seen before anybody restricts: where nothing speaks but pictures that are
    like an entry, or equal one that nobody has confirmed. `previews` are the parts that can be seen,
    `entries` the ids of entries whose file can."""
    speaking = [one for one in matches if is_speaking(one)]
    if reports or not speaking:
        return []
    if any(not _is_picture(one) or (one["exact"] and one["confirmed"]) for one in speaking):
        return []
    seen, known = set(previews), set(entries)
    parts = [Part.parse(one["part"]).whole for one in speaking]
    wanted = [part for part in parts if part in seen]
    wanted += [f"entry/{one['entry']}" for one in speaking if one["entry"] in known]
    return list(dict.fromkeys(wanted))


def _is_picture(match: dict[str, Any]) -> bool:
    return match["part"].split("/")[0] == PICTURE
