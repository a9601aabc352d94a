"""What can be read of a document of the other side, and all that is wrong with it. Pure.

The house's own bodies are refused at the first fault. An order is not: the law may call it received, and the
hour runs. So whatever of it has a meaning is read, the rest is left blank, and each fault is named by its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import inspect

from tidegate.infra.errors import FieldError
from tidegate.infra.wording import plainly, written

T = TypeVar("T", bound=msgspec.Struct)

_WORDS = "words that can be seen"
_LONGEST_GOT = 60
_LEAST, _MOST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def read_as_far(type: type[T], value: object, pointer: str = "") -> tuple[T, list[FieldError]]:
    """The value as that type, and what is wrong with it. What cannot be read is blank there: an empty text or
    list, an object of such, a time that is None; what is too long, or not among the choices, stands as it came
    where it is a text. An object that may be missing is there, blank, where something else came in its place."""
    errors: list[FieldError] = []
    return _struct(type, value, pointer, errors), errors


def beside(errors: Sequence[FieldError], more: Iterable[FieldError]) -> list[FieldError]:
    """The errors, and of `more` those about a place of which nothing is said yet."""
    known = {error.pointer for error in errors}
    return [*errors, *(one for one in more if known.isdisjoint(_around(one.pointer)))]


def _around(pointer: str) -> Iterator[str]:
    """A place and all that hold it."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield pointer


def got(value: object) -> str:
    """A short account of a value, for the `got` of an error."""
    if isinstance(value, str) and len(value) > _LONGEST_GOT:
        return f"{len(value)} characters"
    text = msgspec.json.encode(value).decode(errors="replace")
    return text if len(text) <= _LONGEST_GOT else f"{text[:_LONGEST_GOT]}…"


def _struct(type: type[T], value: object, pointer: str, errors: list[FieldError]) -> T:
    if not isinstance(value, dict):
        errors.append(FieldError(pointer, "an object", got(value)))
        return _struct(type, {}, pointer, [])
    given = cast("dict[str, object]", value)
    read: dict[str, Any] = {}
    for field in msgspec.structs.fields(type):
        place = f"{pointer}/{field.encode_name}"
        if field.encode_name in given:
            read[field.name] = _value(field.type, given[field.encode_name], place, errors)
        elif field.required:
            errors.append(FieldError(place, "a value (the field is required)", "nothing"))
            read[field.name] = _blank(field.type)
    return type(**read)


def _value(of: Any, value: object, pointer: str, errors: list[FieldError]) -> Any:
    kind, optional = _kind(of)
    if value is None and optional:
        return None
    if isinstance(kind, inspect.StructType):
        return _struct(kind.cls, value, pointer, errors)
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        listed = cast("list[object]", value)
        _check_length(kind, len(listed), pointer, errors)
        element = _element(of)
        read = (
            _value(element, one, f"{pointer}/{n}", errors)
            for n, one in enumerate(listed[: kind.max_length])
        )
        return [one for one in read if one is not None]
    try:
        converted = msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        said = plainly(str(error), of)
        errors.append(FieldError(pointer, said.expected, got(value)))
        return value if isinstance(value, str) and _is_text(kind) else _blank(of)
    if isinstance(converted, datetime) and not _LEAST < converted < _MOST:
        errors.append(
            FieldError(pointer, f"a time of the years {_LEAST.year} to {_MOST.year}", got(value))
        )
        return None
    if isinstance(kind, inspect.StrType) and kind.min_length and not written(str(converted)):
        errors.append(FieldError(pointer, _WORDS, "blanks"))
    return converted


def _check_length(
    kind: inspect.ListType, count: int, pointer: str, errors: list[FieldError]
) -> None:
    first, last = kind.min_length or 0, kind.max_length
    if count < first or (last is not None and count > last):
        most = " or more" if last is None else f" to {last}"
        errors.append(FieldError(pointer, f"an array of {first}{most} elements", f"{count}"))


@cache
def _kind(of: Any) -> tuple[inspect.Type, bool]:
    """The kind of an annotation without what else is said of it, and whether it may be null."""
    return _bare(inspect.type_info(of))


def _bare(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    return _bare(kinds[0])[0], len(kinds) < len(kind.types)


def _element(of: Any) -> Any:
    """What the elements of a list are, by its annotation."""
    while get_origin(of) is not list:
        of = next(one for one in get_args(of) if one is not type(None))
    return get_args(of)[0]


def _is_text(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StrType | inspect.LiteralType)


def _blank(of: Any) -> Any:
    kind, optional = _kind(of)
    if optional:
        return None
    if isinstance(kind, inspect.StructType):
        return _struct(kind.cls, {}, "", [])
    if isinstance(kind, inspect.ListType):
        return []
    return "" if _is_text(kind) else None
