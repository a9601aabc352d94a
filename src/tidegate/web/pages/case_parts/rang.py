"""What an alert rang for, as the pages of a case and of an alert show it: the words, and what is said of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.pipeline.rang import Because, Field, Rang
from tidegate.web.pages.case_parts.passages import Passage, Span, passages
from tidegate.web.words import gettext as _

_ELEMENTS: Mapping[str, Callable[[], str]] = {
    "intent": lambda: _("Means to do it"),
    "sign": lambda: _("Sounds like a threat"),
    "capability": lambda: _("Could do it"),
    "target": lambda: _("Against whom"),
    "time": lambda: _("When"),
    "place": lambda: _("Where"),
}
_FIELDS: Mapping[Field, Callable[[], str]] = {
    "text": lambda: _("In what was sent"),
    "comment": lambda: _("In the comment"),
    "location": lambda: _("In where it was"),
}


class FiredView(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern with the words that it fired on, each once. `called`: what they are to a threat, in the reader's
    language; `name` is that of the pattern as words, `says` what its pack says of it."""

    pattern: str
    name: str
    called: str
    says: str | None
    words: list[str]


class RangView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a report that rang, or a post's own words (`report` is None), with what rang marked."""

    report: str | None
    item: UUID
    field: Field
    where: str
    text: str
    level: str
    at: datetime
    fired: list[FiredView]
    spans: list[Span]

    @property
    def passages(self) -> list[Passage]:
        return passages(self.text, rang=self.spans)


def rang_views(found: Iterable[Rang]) -> list[RangView]:
    return [
        RangView(
            report=one.report,
            item=one.item,
            field=one.field,
            where=_("In what was posted") if one.report is None else _FIELDS[one.field](),
            text=one.text,
            level=one.level,
            at=one.at,
            fired=_fired(one),
            spans=_spans(one.because),
        )
        for one in found
    ]


def spans_in(rang: Iterable[RangView], text: str, *, field: Field | None = None) -> list[Span]:
    """Where in a text, which may have lost the spaces around it, something rang."""
    wanted = text.strip()
    shift = len(text) - len(text.lstrip())
    found: list[Span] = []
    for one in rang:
        if one.text.strip() == wanted and field in (None, one.field):
            lead = len(one.text) - len(one.text.lstrip()) - shift
            found += [(start - lead, end - lead) for start, end in one.spans]
    return found


def _spans(because: Sequence[Because]) -> list[Span]:
    """What is marked: not every word that counts beside others, unless nothing else is there."""
    told = [one for one in because if not one.weighs]
    return [(one.start, one.end) for one in told or because]


def _fired(one: Rang) -> list[FiredView]:
    """By pattern; single words that weigh in are one line of their pack, after the others."""
    by: dict[tuple[bool, str], list[Because]] = {}
    for because in one.because:
        pack = because.pattern.partition("/")[0]
        name = pack if because.weighs else because.pattern
        by.setdefault((because.weighs, name), []).append(because)
    found = sorted(by.items(), key=lambda it: it[0][0])
    return [
        FiredView(
            pattern=some[0].pattern,
            name="" if weighs else _name(some[0]),
            called=_("Words that count beside others") if weighs else _called(some[0]),
            says=None if weighs else some[0].says,
            words=list(dict.fromkeys(one.text[it.start : it.end] for it in some)),
        )
        for (weighs, _named), some in found
    ]


def _name(because: Because) -> str:
    """As words; nothing where it only says again what the words are to a threat."""
    name = because.pattern.partition("/")[2].replace("-", " ")
    return "" if name in ("where", "when", "whom") and not because.says else name


def _called(because: Because) -> str:
    said = _ELEMENTS.get(because.element or "")
    return _("In no pack any more") if said is None else said()
