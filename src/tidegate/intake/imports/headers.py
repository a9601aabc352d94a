"""Headers of e-mail as text, however they are written: in ASCII with encoded words (RFC 2047, 2231), in UTF-8,
in no charset that anybody named. Each is cut to what an honest one has, since reading them takes time that
grows with the square of their length."""

import re
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from tidegate.intake.imports.charsets import decoded, sound

LONGEST = 8192
_FOLD = re.compile(r"\s*[\r\n]+\s*")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_ENVELOPE = re.compile(r"From \S+ +(.{8,80})")


def raw(part: Message, name: str) -> list[str]:
    """The values of all headers of a name, as they stand but unfolded."""
    wanted = name.lower()
    return [
        _FOLD.sub(" ", str(value)[:LONGEST]).strip()
        for key, value in part.raw_items()
        if key.lower() == wanted
    ]


def first(part: Message, name: str) -> str:
    """The value of the first header of a name; empty where there is none."""
    return next(iter(raw(part, name)), "")


def text(value: str) -> str:
    """A header's value as people read it."""
    return _one_line(_words(_letters(value)))


def _letters(value: str) -> str:
    """Bytes beyond ASCII, which the parser keeps as surrogates, as what they say."""
    if value.isascii():
        return value
    return decoded(value.encode("utf-8", "surrogateescape"), None)[0]


def _words(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        found = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    said: list[str] = []
    for piece, charset in found:
        if isinstance(piece, str):
            said.append(piece)
        elif charset is None:
            said.append(piece.decode("raw_unicode_escape", "replace"))
        else:
            said.append(decoded(piece, charset)[0])
    return "".join(said)


def _one_line(value: str) -> str:
    return _CONTROLS.sub(" ", sound(value)).strip()


def address(value: str) -> tuple[str, str]:
    """The first name and the first address of a header such as From; either may be empty."""
    try:
        found = getaddresses([_letters(value)])
    except (ValueError, IndexError, TypeError, RecursionError):
        found = []
    for name, where in found:
        if name or where:
            return text(name), _one_line(where)
    return "", _one_line(_words(_letters(value)))


def moment(value: str) -> datetime | None:
    """The time of a Date header in UTC; None where it is none."""
    try:
        found = parsedate_to_datetime(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def received(part: Message) -> datetime | None:
    """When the last server took a message in, as that server says; else the line above it in an mbox."""
    for value in raw(part, "Received")[:1]:
        if (at := moment(value.rpartition(";")[2])) is not None:
            return at
    envelope = _ENVELOPE.match(str(part.get_unixfrom() or "")[:200])
    return moment(envelope[1]) if envelope else None


def filename(part: Message) -> str:
    """An attachment's name, without a path and without what a terminal or a page might act on."""
    try:
        name = part.get_filename("") or ""
    except (ValueError, TypeError, LookupError, AttributeError):
        name = ""
    name = text(str(name)[:LONGEST])
    name = re.split(r"[/\\]", name)[-1].strip(". ")
    return name[-255:]
