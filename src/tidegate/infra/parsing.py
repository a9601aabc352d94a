"""From bytes to typed values, with errors that point at the field: the one parser of JSON bodies."""

import json
import re
from typing import Any, TypeVar, cast

import msgspec

from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.wording import plainly, required, written

T = TypeVar("T")

_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]*)`")
MOST_VALUES = 250_000
"""A body has at most so many values, commas in its texts counted: each takes a hundred bytes of memory
and its share of a second in which nobody else is served, however few bytes it came as."""

_WHOLE = re.compile("[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_LOOK_BYTES = 1 << 20  # a longer body is not decoded once more, for an error's sake
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def decode(body: bytes, type: type[T]) -> T:
    """Parse a JSON body into `type`.

    Raises Refusal: 400 "invalid-json" for what is no JSON or no UTF-8, 422 "invalid-body" for a
    wrong, missing or unknown field, a name that an object has twice, a NUL character or a lone surrogate,
    with its JSON pointer; 413 "too-many-values" beyond MOST_VALUES.
    """
    if len(body) > MOST_VALUES and body.count(b",") > MOST_VALUES:
        raise Refusal(
            "too-many-values",
            413,
            "The body has too many values",
            f"It has over {MOST_VALUES:,} commas. Send it in several requests.",
            limit=MOST_VALUES,
        )
    try:
        value = msgspec.json.decode(body, type=type)
        _check_names(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), type, body) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _check_surrogates(body)
        raise Refusal(
            "invalid-json",
            400,
            "The body is not JSON in UTF-8",
            f"{error}. Send one JSON value.",
        ) from error
    # Escapes are the only way in for these two, so most bodies need no walk. One byte is looked for
    # first, which is much quicker than several: a file in base64 has no backslash.
    if b"\\" in body and (b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body):
        check_text(msgspec.json.decode(body))
    return value


def convert(value: object, type: type[T]) -> T:
    """The same for a value that is parsed already."""
    try:
        converted = msgspec.convert(value, type)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), type, msgspec.json.encode(value)) from error
    check_text(value)
    return converted


def read_whole(text: str) -> int | None:
    """A whole number as a form or an address has it: up to nine digits 0 to 9, and nothing else; None for
    anything else, which `int` would take for one (` 1`, `1_0`, `-0`, `٣`)."""
    return int(text) if _WHOLE.fullmatch(text) else None


def read_decimal(text: str) -> float | None:
    """The same of a number that may have a point and up to nine digits after it."""
    return float(text) if _DECIMAL.fullmatch(text) else None


class _Twice(dict[str, Any]):
    """An object of which a name came twice."""

    name: str


# What ends a name, or stands in a text behind a backslash.
_NAME_END = re.compile(rb'"[ \t\r\n]*:')


def _check_names(body: bytes) -> None:
    """Refuse a JSON body in which an object has a name twice: readers differ in which of the two they
    believe. Most have no name twice at all, which is seen without reading them once more."""
    names: set[bytes] = set()
    for end in _NAME_END.finditer(body):
        name = body[body.rfind(b'"', 0, end.start()) + 1 : end.start()]
        if name in names or b"\\" in name:
            return _check_objects(body)
        names.add(name)


def _check_objects(body: bytes) -> None:
    found: list[_Twice] = []

    def paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) == len(pairs):
            return read
        twice, names = _Twice(read), [name for name, _ in pairs]
        twice.name = next(name for place, name in enumerate(names) if name in names[:place])
        found.append(twice)
        return twice

    whole = json.loads(body, object_pairs_hook=paired)
    if found:
        check_text(whole)
        raise bad_field(_pointer(_way_to_twice(whole)), "each name once", "it twice")


def _way_to_twice(value: object) -> "_Way":
    waiting: list[tuple[object, _Way]] = [(value, None)]
    while waiting:
        value, way = waiting.pop()
        if isinstance(value, _Twice):
            return value.name, way
        waiting += [(inner, (step, way)) for step, inner in _steps(value)]
    raise AssertionError("there is one")


def _check_surrogates(body: bytes) -> None:
    """Of what could not be read say where half a character stands, if that was it."""
    if b"\\u" not in body or len(body) > _LOOK_BYTES:
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    check_text(value)


def _steps(value: object) -> list[tuple[str | int, Any]]:
    """What an object or array holds, by name or place."""
    if isinstance(value, dict):
        return [(str(key), item) for key, item in cast("dict[object, Any]", value).items()]
    return list(enumerate(cast("list[Any]", value))) if isinstance(value, list) else []


# The way to a value, from its end: a step and the way to what holds it. A pointer for each value would
# take memory in proportion to their number times their depth.
_Way = tuple[str | int, Any] | None


def check_text(value: object) -> None:
    """Refuse NUL characters and lone surrogates anywhere in a value: no store can keep them."""
    waiting: list[tuple[object, _Way]] = [(value, None)]  # bodies may nest deeper than the stack
    while waiting:
        value, way = waiting.pop()
        if isinstance(value, str):
            _check_string(value, way)
            continue
        for step, item in _steps(value):
            if isinstance(step, str):
                _check_string(step, way)
            waiting.append((item, (step, way)))


def check_depth(value: object, most: int) -> None:
    """Refuse a value that nests deeper than `most`, with where it does."""
    waiting: list[tuple[object, _Way, int]] = [(value, None, 0)]
    while waiting:
        value, way, depth = waiting.pop()
        if depth > most:
            raise bad_field(_pointer(way), f"values at most {most} deep", "a deeper one")
        waiting += [(item, (step, way), depth + 1) for step, item in _steps(value)]


def _check_string(text: str, way: _Way) -> None:
    if "\0" in text:
        raise bad_field(_pointer(way), "text without NUL characters", "a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise bad_field(_pointer(way), "well-formed Unicode", "a lone surrogate") from None


def _pointer(way: _Way) -> str:
    steps: list[str] = []
    while way is not None:
        step, way = way
        steps.append(f"/{_escape(str(step))}")
    return "".join(reversed(steps))


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refusal(message: str, type: Any, body: bytes) -> Refusal:
    """A 422 from msgspec's message, which is its only account of what was wrong where."""
    said = plainly(message, type)
    steps = [_escape(name) if name else index for name, index in _STEP.findall(said.path)]
    pointer = "".join(f"/{step or '*'}" for step in steps)
    if missing := _MISSING.match(message):
        return _missing(pointer, _absent(type, said.path, body, steps) or [missing["name"]])
    elif unknown := _UNKNOWN.match(message):
        pointer = f"{pointer}/{_escape(unknown['name'])}"
        names = _field_names(type) if not steps else ""
        expected, got = f"no such field{names}", "an unknown field"
    else:
        expected, got = said.expected, said.got or _value_at(body, steps)
    return Refusal(
        "invalid-body",
        422,
        "The body is not what this route takes",
        f"{pointer or 'The body'}: expected {expected}, got {got}.",
        errors=[FieldError(pointer, expected, got)],
    )


def _missing(pointer: str, names: list[str]) -> Refusal:
    """A 422 for required fields of one object that are not there."""
    expected, got = "a value (the field is required)", "nothing"
    missing = [f"{pointer}/{_escape(name)}" for name in names]
    pointer = ", ".join(missing)
    return Refusal(
        "invalid-body",
        422,
        "The body is not what this route takes",
        f"{pointer}: expected {expected}, got {got}.",
        errors=[FieldError(one, expected, got) for one in missing],
    )


def _absent(type: Any, path: str, body: bytes, steps: list[str]) -> list[str]:
    """Which fields the object that a pointer leads to must have, and has not; none where that cannot be
    said."""
    try:
        value = _find(body, steps)
        return [name for name in required(type, path) if name not in value]
    except _NOT_FOUND:
        return []


def _field_names(type: Any) -> str:
    try:
        names = [field.encode_name for field in msgspec.structs.fields(type)]
    except TypeError:
        return ""
    return f"; known are {', '.join(names)}"


def _value_at(body: bytes, steps: list[str]) -> str:
    """A short account of the value that a pointer leads to, for the error's `got`."""
    try:
        value = _find(body, steps)
    except _NOT_FOUND:
        return "another value"
    if isinstance(value, str) and len(value) > 60:
        return f"{len(value)} characters"
    text = msgspec.json.encode(value).decode(errors="replace")
    return text if len(text) <= 60 else f"{text[:60]}…"


_NOT_FOUND = (LookupError, ValueError, TypeError, msgspec.DecodeError)


def _find(body: bytes, steps: list[str]) -> Any:
    """The value that a pointer leads to. Raises one of _NOT_FOUND, also for a body too long to be read
    once more."""
    if len(body) > _LOOK_BYTES:
        raise LookupError
    value: Any = msgspec.json.decode(body)
    for step in steps:
        value = cast("list[Any]", value)[int(step)] if isinstance(value, list) else value[step]
    return value


def check_words(pointer: str, words: str | None) -> str | None:
    """Words without the blanks around them. Raises Refusal (422) where nothing of them can be seen."""
    if words is not None and not written(words):
        raise bad_field(pointer, "words", "blanks")
    return words and words.strip()
