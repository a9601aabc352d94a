"""From bytes to typed values, with errors that point at the field: the one parser of JSON bodies."""

import re
from typing import Any, TypeVar, cast

import msgspec

from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.wording import plainly

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
    wrong, missing or unknown field, a NUL character or a lone surrogate, with its JSON pointer; 413
    "too-many-values" beyond MOST_VALUES.
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
    except msgspec.ValidationError as error:
        raise _refusal(str(error), type, body) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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
        elif isinstance(value, dict):
            for key, item in cast("dict[object, object]", value).items():
                _check_string(str(key), way)
                waiting.append((item, (str(key), way)))
        elif isinstance(value, list):
            items = cast("list[object]", value)
            waiting += [(item, (index, way)) for index, item in enumerate(items)]


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
        pointer = f"{pointer}/{_escape(missing['name'])}"
        expected, got = "a value (the field is required)", "nothing"
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


def _field_names(type: Any) -> str:
    try:
        names = [field.encode_name for field in msgspec.structs.fields(type)]
    except TypeError:
        return ""
    return f"; known are {', '.join(names)}"


def _value_at(body: bytes, steps: list[str]) -> str:
    """A short account of the value that a pointer leads to, for the error's `got`."""
    if len(body) > _LOOK_BYTES:
        return "another value"
    try:
        value: Any = msgspec.json.decode(body)
        for step in steps:
            value = cast("list[Any]", value)[int(step)] if isinstance(value, list) else value[step]
    except (msgspec.DecodeError, KeyError, IndexError, ValueError, TypeError):
        return "another value"
    if isinstance(value, str) and len(value) > 60:
        return f"{len(value)} characters"
    text = msgspec.json.encode(value).decode(errors="replace")
    return text if len(text) <= 60 else f"{text[:60]}…"
