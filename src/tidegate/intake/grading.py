"""Grades: how far a source and what it says are believed, each for itself, and who may be told. Pure.

A grade is somebody's assessment and never a fact: what was reported stands in the report. Schemes are data
(`schemes.py`); what their codes mean from one to another stands on ladders that all of them share.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written

Axis = Literal["source", "information", "handling"]
AXES: tuple[Axis, ...] = ("source", "information", "handling")
GRADED: tuple[Axis, ...] = ("source", "information")
_SAYS_NOTHING = 0.5
_STRICTEST = 2.0  # beyond every rung: what nobody can read any more is not handed on

_Code = Annotated[str, Meta(min_length=1, max_length=32)]


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung of a ladder: in words, and as a number from 0 to 1."""

    value: Annotated[float, Meta(ge=0, le=1)]
    words: Annotated[str, Meta(min_length=1, max_length=200)]


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of a scheme, and the rungs that it stands for; the first is what it is read as."""

    words: Annotated[str, Meta(min_length=1, max_length=200)]
    means: Annotated[list[str], Meta(min_length=1)]


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all schemes share, by name. Of handling a higher value is a narrower circle."""

    source: Annotated[dict[str, Rung], Meta(min_length=1)]
    information: Annotated[dict[str, Rung], Meta(min_length=1)]
    handling: Annotated[dict[str, Rung], Meta(min_length=1)]

    def of(self, axis: Axis) -> dict[str, Rung]:
        return getattr(self, axis)


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scheme's codes. One without `source` and `information` is for handling alone."""

    title: Annotated[str, Meta(min_length=1, max_length=100)]
    source: dict[str, Code] = {}
    information: dict[str, Code] = {}
    handling: dict[str, Code] = {}

    def of(self, axis: Axis) -> dict[str, Code]:
        return getattr(self, axis)

    @property
    def grades(self) -> bool:
        return bool(self.source)


class Schemes(msgspec.Struct, frozen=True):
    """All schemes by their names, with the ladder that they share."""

    ladder: Ladder
    by_name: Mapping[str, Scheme]


class GradeIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A grade as somebody gives it: codes of the scheme; `handling` is one of the scheme's, or of a scheme
    for handling alone such as TLP. `note` says what it rests on, in their words."""

    scheme: _Code
    source: _Code
    information: _Code
    handling: _Code | None = None
    note: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None


class Caveat(msgspec.Struct, frozen=True):
    """Who may be told: a code of a scheme."""

    scheme: str
    code: str


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """A grade that was given."""

    scheme: str
    source: str
    information: str
    handling: Caveat | None = None


class Told(msgspec.Struct, frozen=True):
    """A code with its words; `words` is null for one that the schemes of today do not have."""

    code: str
    words: str | None


class ToldCaveat(msgspec.Struct, frozen=True):
    """A caveat with its words."""

    scheme: str
    code: str
    words: str | None


class GradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment: whose, of when, in which scheme. It is the `number`-th of its report. `note` is null
    where there is none, or where it is closed with the report's words."""

    number: int
    scheme: str
    source: Told
    information: Told
    handling: ToldCaveat | None
    note: str | None
    by: str
    at: datetime
    kind: Literal["assessment"] = "assessment"


def check_grade(schemes: Schemes, given: GradeIn) -> Grade:
    """The grade with its caveat found. Raises Refusal (422) with the field's pointer."""
    scheme = schemes.by_name.get(given.scheme)
    if scheme is None or not scheme.grades:
        known = ", ".join(name for name, one in schemes.by_name.items() if one.grades)
        raise bad_field("/scheme", f"one of {known}", given.scheme)
    for axis, code in (("source", given.source), ("information", given.information)):
        codes = scheme.source if axis == "source" else scheme.information
        if code not in codes:
            raise bad_field(f"/{axis}", f"one of {', '.join(codes)}", code)
    if given.note is not None and not written(given.note):
        raise bad_field("/note", "a note in words, or none", "blanks")
    return Grade(
        scheme=given.scheme,
        source=given.source,
        information=given.information,
        handling=None if given.handling is None else _caveat(schemes, given.scheme, given.handling),
    )


def _caveat(schemes: Schemes, scheme: str, code: str) -> Caveat:
    for_all = [name for name, one in schemes.by_name.items() if not one.grades]
    for name in (scheme, *for_all):
        if code in schemes.by_name[name].handling:
            return Caveat(name, code)
    known = [one for name in (scheme, *for_all) for one in schemes.by_name[name].handling]
    raise bad_field("/handling", f"one of {', '.join(known)}", code)


def reliability(schemes: Schemes, grade: Grade) -> tuple[float, float]:
    """How far the source, and what it says, are believed by a grade: each from 0 to 1, where .5 says
    nothing either way. So does a code that no scheme of today has."""
    source = _rung(schemes, grade.scheme, "source", grade.source)
    information = _rung(schemes, grade.scheme, "information", grade.information)
    return (
        _SAYS_NOTHING if source is None else source.value,
        _SAYS_NOTHING if information is None else information.value,
    )


def translate(schemes: Schemes, grade: Grade, to: str) -> Grade:
    """The grade as another scheme says it. The caveat stays as it was given: no scheme widens another's
    circle. Raises KeyError for a scheme or a code that is not there."""
    scheme, other = schemes.by_name[grade.scheme], schemes.by_name[to]
    if grade.scheme == to:
        return grade
    return Grade(
        scheme=to,
        source=_code_for(other.source, scheme.source[grade.source].means[0]),
        information=_code_for(other.information, scheme.information[grade.information].means[0]),
        handling=grade.handling,
    )


def _code_for(codes: Mapping[str, Code], rung: str) -> str:
    return next(code for code, one in codes.items() if rung in one.means)


def most_restrictive(schemes: Schemes, caveats: Iterable[Caveat | None]) -> Caveat | None:
    """The caveat of whatever is derived from things with these: the one with the narrowest circle; None
    where none has any. One that no scheme of today has is the narrowest of all."""
    given = {one for one in caveats if one is not None}
    # Of two that are as narrow the same one always, in whatever order they come.
    return max(
        given, key=lambda one: (strictness(schemes, one), one.scheme, one.code), default=None
    )


def strictness(schemes: Schemes, caveat: Caveat) -> float:
    """How narrow the circle of a caveat is; more than 1 where nobody can say any more."""
    rung = _rung(schemes, caveat.scheme, "handling", caveat.code)
    return _STRICTEST if rung is None else rung.value


def _rung(schemes: Schemes, scheme: str, axis: Axis, code: str) -> Rung | None:
    known = schemes.by_name.get(scheme)
    found = None if known is None else known.of(axis).get(code)
    return None if found is None else schemes.ladder.of(axis).get(found.means[0])


def told(schemes: Schemes, scheme: str, axis: Axis, code: str) -> Told:
    """A code with its words."""
    known = schemes.by_name.get(scheme)
    found = None if known is None else known.of(axis).get(code)
    return Told(code, None if found is None else found.words)


def told_caveat(schemes: Schemes, caveat: Caveat | None) -> ToldCaveat | None:
    """A caveat with its words; None stays None."""
    if caveat is None:
        return None
    return ToldCaveat(
        caveat.scheme, caveat.code, told(schemes, caveat.scheme, "handling", caveat.code).words
    )


class ShownCode(msgspec.Struct, frozen=True):
    """A code as callers see it; of handling, a higher `value` is a narrower circle."""

    code: str
    words: str
    value: float


class ShownScheme(msgspec.Struct, frozen=True, kw_only=True):
    """A scheme as callers see it."""

    name: str
    title: str
    source: list[ShownCode]
    information: list[ShownCode]
    handling: list[ShownCode]


def shown_schemes(schemes: Schemes) -> list[ShownScheme]:
    """All schemes with their codes, those to grade by first."""
    names = sorted(schemes.by_name, key=lambda name: (not schemes.by_name[name].grades, name))
    return [
        ShownScheme(
            name=name,
            title=schemes.by_name[name].title,
            source=_shown(schemes, name, "source"),
            information=_shown(schemes, name, "information"),
            handling=_shown(schemes, name, "handling"),
        )
        for name in names
    ]


def _shown(schemes: Schemes, name: str, axis: Axis) -> list[ShownCode]:
    rungs = schemes.ladder.of(axis)
    return [
        ShownCode(code, one.words, rungs[one.means[0]].value)
        for code, one in schemes.by_name[name].of(axis).items()
    ]
