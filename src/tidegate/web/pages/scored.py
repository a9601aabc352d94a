"""A case's score as people read it: the parts by their names, each with what it rests on, in a sentence."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tidegate.triage.score import MOST_VOICES, Part, Priority
from tidegate.web.formats import decimal
from tidegate.web.pages.rows import Sentence
from tidegate.web.words import gettext as _
from tidegate.web.words import ngettext


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a score with its name in words."""

    name: str
    called: str
    value: float
    weight: float
    points: float
    because: Sentence

    @property
    def most(self) -> float:
        """What its bar ends at."""
        return max(self.weight, self.points, 1.0)


class PriorityView(msgspec.Struct, frozen=True, kw_only=True):
    """A score, and what it adds up from."""

    score: float
    version: str
    parts: list[PartView]


def priority_view(priority: Priority | None) -> PriorityView | None:
    """The score with its words; None where there is none yet."""
    if priority is None:
        return None
    parts = [_part(one) for one in priority.parts]
    return PriorityView(score=priority.score, version=priority.version, parts=parts)


def _part(part: Part) -> PartView:
    why = part.because
    return PartView(
        name=part.name,
        called=part_called(part.name),
        value=part.value,
        weight=part.weight,
        points=part.points,
        because=Sentence(why.code, said_of(why.code, why.value), why.value),
    )


def part_called(name: str) -> str:
    """What a part of a score is called; one of a later version as it is written."""
    known = _PARTS.get(name)
    return name.replace("_", " ") if known is None else known()


def said_of(code: str, value: Any) -> str:
    """What a part rests on, as a sentence; a code of a later version as it is written."""
    sentence = _SENTENCES.get(code)
    return code.replace("_", " ") if sentence is None else sentence(value)


_PARTS: Mapping[str, Callable[[], str]] = {
    "severity": lambda: _("Severity"),
    "threat": lambda: _("Threat"),
    "sources": lambda: _("Sources"),
    "corroboration": lambda: _("Corroboration"),
    "reach": lambda: _("Reach"),
    "deadline": lambda: _("Deadline"),
    "age": lambda: _("Waiting"),
    "reliability": lambda: _("Reporters’ record"),
    "learned": lambda: _("Learnt from decisions"),
}

_LEVELS: Mapping[str, Callable[[], str]] = {
    "none": lambda: _("No threat was found in what was reported"),
    "low": lambda: _("A threat of the level low"),
    "medium": lambda: _("A threat of the level medium"),
    "high_unspecific": lambda: _("A grave threat, without a target or a time"),
    "high_specific": lambda: _("A grave threat against somebody or something named"),
}


def _level(value: Any) -> str:
    sentence = _LEVELS.get(str(value))
    return str(value).replace("_", " ") if sentence is None else sentence()


def _voices(value: Mapping[str, Any]) -> str:
    sentence = ngettext(
        "%(count)d report, worth %(voices)s of %(most)d independent voices",
        "%(count)d reports, worth %(voices)s of %(most)d independent voices",
        value["reports"],
    )
    told = {"count": value["reports"], "voices": decimal(value["voices"]), "most": MOST_VOICES}
    return sentence % told


def _reach(value: Mapping[str, Any]) -> str:
    sentence = ngettext(
        "Posted by %(count)d author, %(growth)d of them within an hour",
        "Posted by %(count)d authors, %(growth)d of them within an hour",
        value["reach"],
    )
    return sentence % {"count": value["reach"], "growth": value["growth"]}


def _deadline(value: Any) -> str:
    if float(value) <= 0:
        return _("A legal time limit has run out")
    return _("A legal time limit runs out in %(hours)s h") % {"hours": decimal(float(value))}


def _reliability(value: Mapping[str, Any]) -> str:
    sentence = ngettext(
        "The best of them is expected to be right in %(percent)d %%, from %(count)d report that was decided about",
        "The best of them is expected to be right in %(percent)d %%, from %(count)d reports that were decided about",
        value["judged"],
    )
    return sentence % {"percent": value["percent"], "count": value["judged"]}


def _learned(value: Mapping[str, Any]) -> str:
    sentence = ngettext(
        "Of what reads like it, people acted on %(percent)d %%, as %(count)d decision says",
        "Of what reads like it, people acted on %(percent)d %%, as %(count)d decisions say",
        value["decisions"],
    )
    return sentence % {"percent": value["percent"], "count": value["decisions"]}


_SENTENCES: Mapping[str, Callable[[Any], str]] = {
    "severity": lambda value: (
        _("Its label has the severity %(severity)d of 5") % {"severity": value}
    ),
    "severity_unknown": lambda _value: _("It has no label yet"),
    "threat_level": _level,
    "sources": lambda value: _("Its sources are trusted to %(percent)d %%") % {"percent": value},
    "sources_unknown": lambda _value: _("Nobody has graded a source"),
    "voices": _voices,
    "voices_none": lambda _value: _("Nobody has reported it"),
    "reach": _reach,
    "reach_unknown": lambda _value: _("How far it has spread is not known"),
    "deadline": _deadline,
    "deadline_none": lambda _value: _("No legal time limit runs"),
    "waited": lambda value: (
        _("It has waited for %(hours)s h") % {"hours": decimal(int(value) / 3600)}
    ),
    "reliability": _reliability,
    "reliability_unknown": lambda _value: _("Nothing is known of how its reporters have fared"),
    "learned": _learned,
    "learned_none": lambda _value: _("Too few decisions to learn from, or no words"),
}
