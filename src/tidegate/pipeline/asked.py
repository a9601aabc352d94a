"""What somebody types into the field of /find: words, "phrases", and operators. Pure.

    bomb "next friday" author:4711 lang:de before:2026-01-31

A word is what stands between blanks, a phrase what stands between quotes. An operator is a name of the
list below, a colon and a value, which stands in quotes where it has blanks. All of it must hold. A name that
is none of them is refused rather than looked for: who mistypes one would be shown too much.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, get_args
from uuid import UUID

import msgspec

from tidegate.decisions.model import Outcome
from tidegate.infra.durations import read_duration
from tidegate.infra.errors import FieldError, Refusal
from tidegate.signals.fingerprints.skeleton import skeleton

LONGEST = 512
MOST = 32  # words and phrases
FIELD = "q"
_PART = re.compile(r'\s*(?:([^\W\d_]\w*):(?!//))?(?:"([^"]*)("|$)|([^\s"]*))')
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»"), '"')
_PLATFORM = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. `needles` are the words and phrases as skeletons; the rest is None where nobody
    asks for it. `said` is all of it as it was typed, by operator, "" for words."""

    needles: tuple[str, ...] = ()
    author: str | None = None
    platform: str | None = None
    lang: str | None = None
    label: str | None = None
    outcome: str | None = None
    by: str | None = None
    entry: UUID | None = None
    sha256: bytes | None = None
    before: datetime | None = None
    after: datetime | None = None
    said: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.said


def read(typed: str, now: datetime) -> Asked:
    """What was typed, as it was meant. Raises Refusal (422) with what is wrong with it."""
    if len(typed) > LONGEST:
        raise bad_query(f"at most {LONGEST} characters", f"{len(typed)}")
    values: dict[str, Any] = {}
    needles: dict[str, None] = {}
    said: list[tuple[str, str]] = []
    text = typed.translate(_QUOTES)
    place = 0
    while text[place:].strip():
        found = _PART.match(text, place)
        if found is None or found.end() == place:
            raise bad_query("words, phrases and operators", text[place:])
        place = found.end()
        name, phrase, closed, word = found.groups()
        if phrase is not None and not closed:
            raise bad_query("a quotation mark at the end of a phrase", f'"{phrase}')
        value = (word if phrase is None else phrase).strip()
        said.append((name.lower() if name else "", value))
        if name:
            _take(values, name.lower(), value, now)
        else:
            needles[_needle(value)] = None
    if len(needles) > MOST:
        raise bad_query(f"at most {MOST} words and phrases", str(len(needles)))
    return Asked(needles=tuple(needles), said=tuple(said), **values)


def bad_query(expected: str, got: str) -> Refusal:
    """The 422 of what cannot be looked for."""
    return Refusal(
        "invalid-parameter",
        422,
        "This cannot be looked for",
        f"{FIELD}: expected {expected}, got {got[:60]!r}.",
        errors=[FieldError(FIELD, expected, got[:60])],
    )


def _needle(value: str) -> str:
    needle = skeleton(value)
    if not needle:
        raise bad_query("words with letters or digits", value or '""')
    return needle


def _take(values: dict[str, Any], name: str, value: str, now: datetime) -> None:
    reader = OPERATORS.get(name)
    if reader is None:
        known = ", ".join(f"{one}:" for one in OPERATORS)
        raise bad_query(f"one of {known} (or quotes around it)", f"{name}:")
    if name in values:
        raise bad_query(f"{name}: once", f"{name}: twice")
    values[name] = reader(name, value, now)


def _said(name: str, value: str, now: datetime) -> str:
    if not value:
        raise bad_query(f"something after {name}:", f"{name}:")
    return value


def _fits(pattern: re.Pattern[str], expected: str) -> Callable[[str, str, datetime], str]:
    def read_one(name: str, value: str, now: datetime) -> str:
        if not pattern.fullmatch(value):
            raise bad_query(f"{name}: {expected}", f"{name}:{value}")
        return value

    return read_one


def _label(name: str, value: str, now: datetime) -> str:
    return "_".join(_said(name, value, now).split())


def _outcome(name: str, value: str, now: datetime) -> str:
    if value.lower() not in get_args(Outcome):
        raise bad_query(f"{name}: {', '.join(get_args(Outcome))}", f"{name}:{value}")
    return value.lower()


def _entry(name: str, value: str, now: datetime) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise bad_query(f"{name}: the id of an entry", f"{name}:{value}") from None


def _sha256(name: str, value: str, now: datetime) -> bytes:
    if not _HEX.fullmatch(value):
        raise bad_query(f"{name}: 64 hexadecimal digits", f"{name}:{value}")
    return bytes.fromhex(value)


def _moment(name: str, value: str, now: datetime) -> datetime:
    try:
        if (back := read_duration(value)) is not None:
            return now - back
        if _DATE.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    expected = f"{name}: a day (2026-01-31), a time (2026-01-31T08:00:00Z) or a while (7d)"
    raise bad_query(expected, f"{name}:{value}")


OPERATORS: dict[str, Callable[[str, str, datetime], object]] = {
    "author": _said,
    "platform": _fits(_PLATFORM, "the name of a platform"),
    "lang": _fits(_LANGUAGE, "a language as in BCP 47: ar, pt-BR"),
    "label": _label,
    "outcome": _outcome,
    "by": _said,
    "entry": _entry,
    "sha256": _sha256,
    "before": _moment,
    "after": _moment,
}
"""Every operator, and how its value is read."""
