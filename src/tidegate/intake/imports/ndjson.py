"""Reports as `POST /v1/reports` takes them, one a line. What is missing is filled in: the channel, a reason,
an id, a time."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from tidegate.infra.lines import read_lines
from tidegate.infra.parsing import decode
from tidegate.intake.imports.model import Given, Made, Opened, Piece

_MARK = b"\xef\xbb\xbf"


def recognise(head: bytes) -> bool:
    """Whether a file that begins so has a JSON object a line."""
    return head.removeprefix(_MARK).lstrip()[:1] == b"{"


def opened(file: BinaryIO, given: Given) -> Opened:
    """The lines of `file`; it need not be seekable."""

    def frames(offset: int, number: int) -> Iterator[Piece]:
        for line in read_lines(file, offset, number, given.line_limit):
            yield Piece(number=line.number, place=line.place, end=line.end, data=line.data)

    return Opened(format="ndjson", frames=frames, parse=_parse, unit="lines")


def _parse(piece: Piece) -> Made:
    data = piece.data or b""
    return Made(decode(data.removeprefix(_MARK) if piece.number == 1 else data, dict[str, Any]))
