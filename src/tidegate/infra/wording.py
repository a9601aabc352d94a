"""msgspec's messages in plain words: what was expected, and what came instead, for people to read.

Its messages are its only account of what was wrong where. A test goes through all that it has.
"""

import re
import unicodedata
from typing import Any, NamedTuple

import msgspec

TIME = "an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z"

_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "an array",
    "datetime": TIME,
    "date": "a date, such as 2026-01-31",
    "time": "a time of day, such as 12:00:00",
    "duration": "an ISO 8601 duration, such as P30D",
    "uuid": "a UUID",
    "bytes": "base64",
    "decimal": "a decimal number",
    "any": "any value",
}
_FORMS = {
    "[A-Z]{2}": "two capital letters",
    "[A-Za-z0-9_-]{1,64}": "1 to 64 letters, digits, _ and -",
    "[A-Za-z0-9_.-]+": "letters, digits, _, . and -",
}
_UNITS = {"str": "character", "bytes": "byte", "array": "element", "object": "member"}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_INVALID = {
    "Invalid RFC3339 encoded datetime": TIME,
    "Invalid RFC3339 encoded date": _TYPES["date"],
    "Invalid RFC3339 encoded time": _TYPES["time"],
    "Invalid ISO8601 duration": _TYPES["duration"],
    "Invalid UUID": "a UUID",
    "Invalid UUID bytes": "a UUID",
    "Invalid base64 encoded string": "base64",
    "Invalid decimal string": _TYPES["decimal"],
    "Invalid epoch timestamp": "seconds since 1970",
    "Timestamp is out of range": "a time of the years 1 to 9999",
    "Duration is out of range": "a shorter duration",
    "Integer value out of range": "a whole number that is not so large",
    "Number out of range": "a number that is not so large",
}

_AT = re.compile(r"^(?P<text>.*?)(?: - at (?:`(?P<path>[^`]*)`|.*))?$", re.S)
_ZONE = re.compile(r"Expected `(\w+)` with (a|no) timezone component\Z")
_LENGTH = re.compile(
    r"Expected `(\w+)` of (?:length (>=|<=)|(at least|at most) length|length) (\d+)(?: to (\d+))?"
)
_BOUND = re.compile(r"Expected `(\w+)` (>=|<=|>|<) (\S+)\Z")
_MULTIPLE = re.compile(r"Expected `int` that's a multiple of (\d+)\Z")
_REGEX = re.compile(r"Expected `str` matching regex (['\"])(.*)\1\Z", re.S)
_VALUE = re.compile(r"Invalid (?:enum )?value (.+)\Z", re.S)
_MISSING = re.compile(r"Object missing required field `([^`]+)`\Z")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`\Z")
_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]+)`(?:, got `?(?P<got>[^`]+)`?)?\Z", re.S)


class Said(NamedTuple):
    """What a message says: what was expected, what came (None: it does not say), and msgspec's path to
    the place ("" for the whole)."""

    expected: str
    got: str | None
    path: str


def plainly(message: str, type: Any = None) -> Said:
    """A validation message in plain words. With the `type` that was asked for, a choice names what
    there is to choose from."""
    found = _AT.match(message)
    text, path = (found["text"], found["path"] or "") if found else (message, "")
    text = text.strip()
    if (plain := _INVALID.get(text)) is not None:
        return Said(plain, None, path)
    if value := _VALUE.match(text):
        choices = [] if type is None else _choices(type, path)
        named = f"one of {', '.join(choices)}" if choices else "one of the documented values"
        return Said(named, value[1], path)
    if zone := _ZONE.match(text):
        return Said(TIME if zone[2] == "a" else "a time without an offset", None, path)
    if length := _LENGTH.match(text):
        got = text.partition(", got ")[2] or None
        return Said(_of_length(length), got and f"{got} of them", path)
    if bound := _BOUND.match(text):
        return Said(f"{_typed(bound[1])} of {_BOUNDS[bound[2]]} {bound[3]}", None, path)
    if multiple := _MULTIPLE.match(text):
        return Said(f"a multiple of {multiple[1]}", None, path)
    if regex := _REGEX.match(text):
        form = (
            regex[2]
            .replace(r"(?!\\n)", "")
            .replace(r"(?!\n)", "")
            .removeprefix("^")
            .removesuffix("$")
        )
        return Said(_FORMS.get(form, f"text of the form {form}"), None, path)
    if missing := _MISSING.match(text):
        return Said(f"a field {missing[1]}", "none", path)
    if unknown := _UNKNOWN.match(text):
        return Said(f"no field {unknown[1]}", "one", path)
    if both := _EXPECTED.match(text):
        choices = [] if type is None or "str" not in both["expected"] else _choices(type, path)
        expected = f"one of {', '.join(choices)}" if choices else _typed(both["expected"])
        return Said(expected, both["got"] and _typed(both["got"]), path)
    return Said(text.removeprefix("Expected ").replace("`", ""), None, path)


def sentence(error: msgspec.ValidationError, type: Any = None) -> str:
    """The same in one sentence, for a terminal."""
    said = plainly(str(error), type)
    place = said.path.removeprefix("$").removeprefix(".")
    got = "" if said.got is None else f", got {said.got}"
    return f"{place}: expected {said.expected}{got}" if place else f"expected {said.expected}{got}"


def _typed(names: str) -> str:
    """`int | str | null` in words."""
    words = [_TYPES.get(name.strip(), name.strip()) for name in names.split("|")]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _of_length(found: re.Match[str]) -> str:
    kind, sign, words, number, last = found.groups()
    bound = _BOUNDS.get(sign or "", words or "exactly")
    count = f"{number} to {last}" if last else f"{bound} {number}"
    unit = _UNITS.get(kind, "element")
    plural = "" if (last or number) == "1" else "s"
    return f"{_typed(kind)} of {count} {unit}{plural}"


def _choices(type: Any, path: str) -> list[str]:
    """The values that the place at `path` may have, where those are a few."""
    values: list[Any] = []
    for place in _places(type, path):
        if isinstance(place, msgspec.inspect.LiteralType):
            values += place.values
        elif isinstance(place, msgspec.inspect.EnumType):
            values += [one.value for one in place.cls]
    return [str(value) for value in dict.fromkeys(values)]


def required(type: Any, path: str) -> list[str]:
    """The fields that the object at msgspec's `path` must have; none where it may be of several kinds."""
    kinds = [one for one in _places(type, path) if isinstance(one, msgspec.inspect.StructType)]
    if len(kinds) != 1:
        return []
    return [field.encode_name for field in kinds[0].fields if field.required]


def _places(type: Any, path: str) -> list[Any]:
    """What the place at `path` may be, unions taken apart."""
    try:
        places = [msgspec.inspect.type_info(type)]
    except (TypeError, NameError):
        return []
    for name, in_array in re.findall(r"\.([^.\[\]]+)|(\[[^\]]*\])", path):
        places = [inner for place in places for inner in _inside(place, name, bool(in_array))]
    return _flat(places)


def _inside(place: Any, name: str, in_array: bool) -> list[Any]:
    """What is held by a place: by a field of this name, or by the elements and values of any."""
    found: list[Any] = []
    for one in _flat([place]):
        if in_array:
            for held in ("item_type", "value_type"):
                found += [getattr(one, held)] if hasattr(one, held) else []
            found += getattr(one, "item_types", ())
        else:
            fields = getattr(one, "fields", ())
            found += [field.type for field in fields if field.encode_name == name]
    return found


def _flat(places: list[Any]) -> list[Any]:
    """The same with unions taken apart."""
    found: list[Any] = []
    for place in places:
        if isinstance(place, msgspec.inspect.UnionType):
            found += _flat(list(place.types))
        elif isinstance(place, msgspec.inspect.Metadata):
            found += _flat([place.type])
        else:
            found.append(place)
    return found


_FILLERS = frozenset(
    "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # letters and signs that look like nothing


def written(text: str) -> int:
    """How many characters of a text can be seen: blanks, and signs that only format, say nothing."""
    return sum(unicodedata.category(one)[0] not in "ZC" and one not in _FILLERS for one in text)
