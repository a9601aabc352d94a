"""Sentences of the domain in the reader's language. What it says no with is English, as the API tells it, with
the values in it; here the sentence is found again by its form, and said anew around the same values.

`make words` collects the forms from where they are written (`scripts/refused_words.py`).
"""

import re
from functools import cache

from tidegate.web.pages.names import NAMES
from tidegate.web.words import (
    ALLOWED,
    PSEUDO,
    SOURCE,
    Apart,
    Catalogue,
    catalogue,
    gettext,
    ours,
    pgettext,
    spoken,
)

# What the parser of bodies says (`infra/wording.py`), put together there of small parts.
PARSED = (
    "text",
    "a number",
    "a whole number",
    "true or false",
    "a UUID",
    "two capital letters",
    "1 to 64 letters, digits, _ and -",
    "letters, digits, _, . and -",
    "an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z",
    "a date, such as 2026-01-31",
    "another value",
    "one of %(choices)s",
    "one of the documented values",
    "queues such as reports",
    "languages such as de or ar",
    "a field %(name)s",
    "no field %(name)s",
    "%(count)s characters",
    "text of at least %(count)s character",
    "text of at least %(count)s characters",
    "text of at most %(count)s characters",
    "text of %(first)s to %(last)s characters",
    "a whole number of at least %(number)s",
    "a whole number of at most %(number)s",
)

_PLACE = re.compile(r"%\((\w+)\)s")


def in_words(text: str) -> str | None:
    """A sentence, or a part of one, in the reader's language; None: that has no words for it."""
    tag = spoken().tag
    if tag == SOURCE:
        return text
    if tag == PSEUDO:
        return ours(text)
    for form, said in _forms(tag):
        if found := form.fullmatch(text):
            values = {
                name: in_words(value) or _named(value) for name, value in found.groupdict().items()
            }
            return (Apart(said) if spoken().rtl else said) % values
    return None


def allows(text: str) -> str:
    """What a scope allows."""
    return pgettext(ALLOWED, text)


def _named(value: str) -> str:
    """A name of the program's own, a state or an outcome, as words."""
    known = NAMES.get(value)
    return value if known is None else gettext(known)


@cache
def _forms(tag: str) -> list[tuple[re.Pattern[str], str]]:
    """The forms of a language's sentences; first those that say more themselves."""
    known = catalogue(tag)
    refused = known.refused.items() if isinstance(known, Catalogue) else ()
    said = sorted(refused, key=lambda one: -len(_PLACE.sub("", one[0])))
    return [(_form(one), other) for one, other in said]


def _form(sentence: str) -> re.Pattern[str]:
    parts = _PLACE.split(sentence)  # written, name, written, name, …, written
    form = "".join(
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part.replace("%%", "%"))
        for place, part in enumerate(parts)
    )
    return re.compile(form, re.DOTALL)
