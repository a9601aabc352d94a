"""What we say to people, in their language: every sentence of ours goes through here, by gettext.

Who is spoken to, in which language and by which clock, is a context variable, which threads inherit. The
catalogues in `locale/` are read as translators write them, once a process and language. Content, names and
ids are nobody's to translate and never come here. `make words` collects what is said.
"""

import gettext as _gettext
import io
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from babel.core import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
PSEUDO = "en-XA"
"""The language that only marks what is ours: what stands outside of its brackets escaped translation."""
OPEN, CLOSE = "⟦", "⟧"
DOMAIN = "tidegate"
REFUSED, ALLOWED, DATA = "refusal", "scope", "data"
"""The contexts of sentences that are written beyond the pages: what refusals say, what scopes allow, and what the
data that comes with the program calls things, such as its clocks."""
LOCALE = Path(__file__).parent / "locale"

# What CLDR calls the way in which a language writes dates and numbers, where that is not its tag.
_FORMATS = {SOURCE: "en-GB", PSEUDO: "en-GB"}
_TAG = re.compile(r"[A-Za-z0-9-]{1,35}")


class Language(msgspec.Struct, frozen=True):
    """A language that we speak: its tag, where its lines begin, and what it calls itself."""

    tag: str
    dir: str
    name: str

    @property
    def formats(self) -> Locale:
        """How it writes dates, numbers and lists."""
        return _locale(_FORMATS.get(self.tag, self.tag))

    @property
    def rtl(self) -> bool:
        return self.dir == "rtl"


class Reader(msgspec.Struct, frozen=True):
    """Whom a page is for: the language, and the zone whose clock it goes by."""

    language: Language
    zone: str = "UTC"


_AS_WRITTEN = Language(SOURCE, "ltr", "English")
_MARKED = Language(PSEUDO, "ltr", f"{OPEN}English{CLOSE}")
_NOBODY = Reader(_AS_WRITTEN)
_current: ContextVar[Reader] = ContextVar("reader", default=_NOBODY)


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


@cache
def languages() -> dict[str, Language]:
    """What we speak, by tag: the language that all is written in, those with a catalogue, and the one
    that marks what is ours."""
    spoken = {SOURCE: _AS_WRITTEN}
    for tag in sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        known = _locale(tag)
        spoken[tag] = Language(tag, known.text_direction, known.get_display_name(known) or tag)
    return spoken | {PSEUDO: _MARKED}


@lru_cache(maxsize=1000)
def language_for(accepted: str) -> Language:
    """The language for a reader whose browser sent this Accept-Language."""
    wanted = sorted(
        (_weighed(part) for part in accepted[:400].split(",") if part.strip()),
        key=lambda one: -one[1],
    )
    tags = [tag for tag, weight in wanted if weight > 0 and _TAG.fullmatch(tag)]
    found = negotiate_locale(tags, list(languages()), sep="-") or SOURCE
    return next(one for tag, one in languages().items() if tag.lower() == found.lower())


def _weighed(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";q=")
    try:
        return tag.strip(), float(weight or 1)
    except ValueError:
        return tag.strip(), 0.0


@contextmanager
def speaking(language: Language, zone: str = "UTC") -> Generator[None]:
    """Within it all is said in this language, and by the clock of this zone, if it is one."""
    token = _current.set(Reader(language, zone if zone in zones() else "UTC"))
    try:
        yield
    finally:
        _current.reset(token)


def spoken() -> Language:
    """The language that is spoken now."""
    return _current.get().language


_NO_ZONES = {"localtime", "Factory", "posixrules"}  # the machine's own, and what stands for none


@cache
def zones() -> frozenset[str]:
    """The zones of time whose rules this machine knows."""
    return frozenset(available_timezones() - _NO_ZONES | {"UTC"})


def zone() -> ZoneInfo:
    """The zone whose clock the reader goes by."""
    return ZoneInfo(_current.get().zone)  # which keeps those that it has read


class Apart(str):
    """A text of a language that is written from right to left: what is put into it keeps its own
    direction, an id say, and does not turn what stands around it."""

    __slots__ = ()

    def __mod__(self, values: Any) -> str:
        if isinstance(values, Mapping):
            given = cast("Mapping[str, Any]", values)
            return str.__mod__(self, {name: apart(value) for name, value in given.items()})
        return str.__mod__(self, apart(values))


def to_json(value: object) -> bytes:
    """What a page or a refusal says, for a script; what is said in any language is plain text there."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, Apart):
        return str.__str__(value)
    raise NotImplementedError(f"no JSON of {type(value).__name__}")


def apart(value: Any) -> Any:
    """A text between marks that keep its direction to itself (U+2068, U+2069); anything else as it is."""
    return f"\u2068{value}\u2069" if type(value) is str and value else value


class Catalogue(_gettext.GNUTranslations):
    """What is said in a language. `refused` are the sentences of refusals, which are found by their form."""

    refused: Mapping[str, str] = {}


class Marked(_gettext.NullTranslations):
    """The catalogue of the pseudo-language, made as it is asked: the text itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{OPEN}{msgid1 if n == 1 else msgid2}{CLOSE}"

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)


@cache
def catalogue(tag: str) -> _gettext.NullTranslations:
    """What is said in a language: as it is written, where there is no catalogue."""
    if tag == PSEUDO:
        return Marked()
    path = LOCALE / tag / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.is_file():
        return _gettext.NullTranslations()
    with path.open("rb") as file:
        read = read_po(file, locale=tag.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    found = Catalogue(compiled)
    found.refused = {
        str(one.id): str(one.string) for one in read if one.context == REFUSED and one.string
    }
    return found


def gettext(text: str) -> str:
    """The text in the reader's language."""
    language = spoken()
    said = catalogue(language.tag).gettext(text)
    return Apart(said) if language.rtl else said


def ngettext(one: str, many: str, count: int) -> str:
    """The one of two texts that fits the number, in the reader's language, which may have more forms."""
    language = spoken()
    said = catalogue(language.tag).ngettext(one, many, count)
    return Apart(said) if language.rtl else said


def pgettext(context: str, text: str) -> str:
    """The text as it is meant in a context: "open" of a case, and of a door."""
    language = spoken()
    said = catalogue(language.tag).pgettext(context, text)
    return Apart(said) if language.rtl else said


def data_words(text: str) -> str:
    """What shipped data calls something, in the reader's language; as it is written in data that came later."""
    return pgettext(DATA, text)


def ours(text: str) -> str:
    """Words that come from elsewhere than a catalogue, the name of a month say: ours all the same."""
    return f"{OPEN}{text}{CLOSE}" if spoken().tag == PSEUDO else text


def noted(text: str) -> str:
    """The text as it is: noted to be translated, and said later by `gettext`. For tables."""
    return text


_ = gettext
