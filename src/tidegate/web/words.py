"""What we say to people, in their language: every sentence of ours goes through here, by gettext.

The language is that of the request that is being answered: a context variable, which threads inherit.
Until catalogues are there, all is said as it is written, in English. Content, names and ids are nobody's
to translate and never come here. `make words` collects what is said into `locale/tidegate.pot`.
"""

import gettext as _gettext
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import msgspec
from babel.core import Locale, negotiate_locale

SOURCE = "en"
DOMAIN = "tidegate"
LOCALE = Path(__file__).parent / "locale"


class Language(msgspec.Struct, frozen=True):
    """A language that we speak: its tag, and where its lines begin."""

    tag: str
    dir: str


_AS_WRITTEN = Language(SOURCE, "ltr")
_current: ContextVar[Language] = ContextVar("language", default=_AS_WRITTEN)


@cache
def languages() -> dict[str, Language]:
    """What we speak, by tag: the language that all is written in, and those with a catalogue."""
    found = sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    spoken = {tag: Language(tag, Locale.parse(tag, sep="-").text_direction) for tag in found}
    return {SOURCE: _AS_WRITTEN} | spoken


def language_for(accepted: str) -> Language:
    """The language for a reader whose browser sent this Accept-Language."""
    wanted = sorted(
        (_weighed(part) for part in accepted[:400].split(",") if part.strip()),
        key=lambda one: -one[1],
    )
    tags = [tag for tag, weight in wanted if weight > 0]
    found = negotiate_locale(tags, list(languages()), sep="-")
    return languages()[found or SOURCE]


def _weighed(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";q=")
    try:
        return tag.strip(), float(weight or 1)
    except ValueError:
        return tag.strip(), 0.0


@contextmanager
def speaking(language: Language) -> Generator[None]:
    """Within it all is said in this language."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def spoken() -> Language:
    """The language that is spoken now."""
    return _current.get()


@cache
def _catalogue(tag: str) -> _gettext.NullTranslations:
    return _gettext.translation(DOMAIN, LOCALE, [tag], fallback=True)


def gettext(text: str) -> str:
    """The text in the reader's language."""
    return _catalogue(spoken().tag).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The one of two texts that fits the number, in the reader's language, which may have more forms."""
    return _catalogue(spoken().tag).ngettext(one, many, count)


def pgettext(context: str, text: str) -> str:
    """The text as it is meant in a context: "open" of a case, and of a door."""
    return _catalogue(spoken().tag).pgettext(context, text)


def noted(text: str) -> str:
    """The text as it is: noted to be translated, and said later by `gettext`. For tables."""
    return text


_ = gettext
