"""Texts to cluster as they stand in a file: a JSON object a line, with `id`, `text` and, where known,
`created`. Other keys are ignored.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, NamedTuple

import msgspec

from tidegate.infra.lines import read_lines
from tidegate.triage.batch import Part, Text

MOST_BYTES = 64 << 20
"""Of a line; a longer one is bad."""
_AT_ONCE, _BYTES_AT_ONCE = 2048, 1 << 22


class BadLine(NamedTuple):
    """A line that was left out, or (`clustered`) of which only the time was; `reason` is for people."""

    number: int
    reason: str
    clustered: bool = False


class Among(NamedTuple):
    """What else there is to say of a part's lines: the bad ones, and which of its texts, by their places,
    have numbers for ids."""

    bad: list[BadLine]
    numbered: list[int]


class _Line(msgspec.Struct):
    id: str | int
    text: str
    created: Any = None


_decode = msgspec.json.Decoder(_Line).decode


def read_texts(file: BinaryIO) -> Iterator[Part[Among]]:
    """The texts of a file in their order, part by part."""
    texts: list[Text] = []
    among = Among([], [])
    size = 0
    for line in read_lines(file, 0, 0, MOST_BYTES):
        try:
            if line.data is None:
                raise ValueError(f"longer than {MOST_BYTES >> 20} MiB")
            one = _read(line.data)
            size += len(line.data)
            try:
                created = _time(one.created)
            except (ValueError, OverflowError) as error:
                created = None
                among.bad.append(BadLine(line.number, f"{error}; clustered without", True))
            if isinstance(one.id, int):
                among.numbered.append(len(texts))
            texts.append(Text(str(one.id), one.text, created))
        except ValueError as error:
            among.bad.append(BadLine(line.number, str(error)))
        if len(texts) + len(among.bad) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
            yield Part(texts, among)
            texts, among, size = [], Among([], []), 0
    yield Part(texts, among)


def _read(data: bytes) -> _Line:
    """Raises ValueError, for people."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half an emoji, as a program leaves it that cuts texts, is no UTF-8 and yet a line.
        try:
            return msgspec.convert(json.loads(data.decode()), _Line)
        except UnicodeDecodeError as error:
            raise ValueError(f"no UTF-8 at byte {error.start}") from error
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON: {error.msg} at character {error.pos}") from error
        except RecursionError as error:
            raise ValueError("no JSON that can be read: nested too deeply") from error
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error


def _time(created: object) -> float | None:
    """Seconds since 1970. Raises ValueError or OverflowError."""
    if created is None:
        return None
    if isinstance(created, str):
        try:
            moment = datetime.fromisoformat(created)
        except ValueError as error:
            raise ValueError("created is no time, as 2026-01-31T12:00:00Z is one") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(created, int | float) and not isinstance(created, bool) and abs(created) < 1e11:
        return float(created)
    raise ValueError("created is neither a time nor seconds since 1970")
