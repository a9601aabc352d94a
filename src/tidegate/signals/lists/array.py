"""JSON arrays as lists: an array of objects, bare or as the one array that an object holds.

Such a file may be one line of hundreds of megabytes, so it is read element by element. Nothing that
stands behind the array is passed over: a second array would be a part that nobody took.
"""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from tidegate.infra.lines import Line
from tidegate.signals.lists.format import RECORD_LIMIT, Broken

_CHUNK = 1 << 20
# What an object calls its array. Not any name: an entry of one line may have an array in it too.
_NAMES = "results|entries|items|data|hashes|signals|value"
_START = re.compile(
    rf'\s*(?:\{{[^{{}}\[\]]*?"(?P<name>{_NAMES})"\s*:\s*)?\[(?=\s*(?:[\[{{"\]\d-]|\Z))'
)
_MARK = "\xef\xbb\xbf"  # UTF-8's byte order mark, read as Latin-1
_BETWEEN = re.compile(r"[\s,]*")
_BEHIND = re.compile(r"[^{\[]*\Z")  # of an object: numbers, texts and names, as of the next page
_decoder = json.JSONDecoder(strict=False)


def start(head: bytes) -> re.Match[str] | None:
    """The beginning of the array, in a file that begins so: `name` is what the object calls it."""
    return _START.match(head.decode("latin-1").removeprefix(_MARK))


def first_of(head: bytes) -> str:
    """What stands at the beginning of the array: some of its first element."""
    text = head.decode("latin-1").removeprefix(_MARK)
    found = _START.match(text)
    return text[found.end() :].lstrip() if found else ""


def elements(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
    """The elements of the array that `file` is or holds; `number` counts them.

    An `offset` other than 0 is the end of an element. Raises Broken where the array is no array.
    """
    # Latin-1 has one character a byte, so that places in the text are places in the file; the
    # scanner needs to see no more than quotes, escapes and brackets.
    text = file.read(_CHUNK).decode("latin-1").removeprefix(_MARK) if offset == 0 else ""
    at = 0
    if offset == 0:
        found = _START.match(text)
        if found is None:
            raise Broken(number, "is no JSON array, and no object with an array of entries")
        at = found.end()
        offset = file.tell() - len(text)
    while True:
        at = _BETWEEN.match(text, at).end()  # pyright: ignore[reportOptionalMemberAccess]
        if text.startswith("]", at):
            return _check_end(file, text[at + 1 :], number)
        end = _end_of_value(text, at)
        if end is not None:
            number += 1
            yield Line(number, offset + end, text[at:end].encode("latin-1"))
            at = end
            continue
        more = file.read(_CHUNK).decode("latin-1")
        if not more:
            raise Broken(number + 1, "the file ends within its array; was it cut short?")
        if len(text) - at > RECORD_LIMIT:
            raise Broken(number + 1, f"no JSON, or longer than {RECORD_LIMIT:,} bytes")
        offset += at
        text, at = text[at:] + more, 0


def _check_end(file: BinaryIO, text: str, number: int) -> None:
    while text:
        if not _BEHIND.match(text):
            raise Broken(
                number, "there is more behind the array: a file holds one array of entries"
            )
        text = file.read(_CHUNK).decode("latin-1")


def _end_of_value(text: str, at: int) -> int | None:
    """Where the JSON object at `at` ends; None when it does not end in `text`."""
    if not text.startswith("{", at):
        return None
    try:
        return _decoder.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None
