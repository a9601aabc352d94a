"""What all formats share: pieces of a file, what the command says of them, and what becomes of each. Pure."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.intake.channels import Channel
from tidegate.intake.model import ReportIn

MOST_COMMENT = 10_000


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file that is one report: a line, a row, a message. `number` is that of its last line, or
    its own among messages; `end` the offset after it, in bytes, in a folder in files. `data` None: it is
    over the limit, and was not kept. `at`: when its file was changed last, where it has one of its own."""

    number: int
    place: str  # as people find it: "line 3", "message 17 at byte 12345"
    end: int
    data: bytes | None
    at: datetime | None = None
    fault: str = ""  # why it could not be read from the disk


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the command says of all reports of a file. Ids of what has none are digests under `key`; `at` is
    the time of what does not say when it was. Both limits are in bytes."""

    channel: Channel
    key: bytes
    at: datetime
    reason: str = "import"
    line_limit: int
    message_limit: int


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a piece: a report or a problem, never both and never neither. `chosen`: its id is a
    digest of all that it says, and its time is `Given.at`; sent again with another time it is the same."""

    number: int
    place: str
    end: int
    size: int = 0
    report: ReportIn | None = None
    problem: Refusal | None = None
    chosen: bool = False


Frames = Callable[[int, int], Iterator[Piece]]
"""Yields a file's pieces from an offset on, after a number."""
Parse = Callable[[Piece], "Made"]


class Made(msgspec.Struct, frozen=True):
    """A report as a format makes it: the document, with whatever is to be said beyond its place. `said`: of
    what the id is a digest, where it has none; else of the document."""

    document: dict[str, Any]
    place: str = ""  # more of it, such as a Message-ID
    said: object = None
    pointers: Callable[[str], str] | None = None  # how the format calls a field that is at fault


class Bad(Exception):
    """Raised by a format for a piece that is no report. `place`: more of where it is."""

    def __init__(self, refusal: Refusal, place: str = "") -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
        self.place = place


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A file of reports that is ready to be read. `size`: where it ends, as `Piece.end` counts."""

    format: str
    frames: Frames
    parse: Parse
    unit: str  # what its pieces are called: lines, messages
    size: int | None = None


def parsed(opened: Opened, given: Given, offset: int = 0, number: int = 0) -> Iterator[Parsed]:
    """What a file holds from `offset` on, after number `number`, piece by piece. Raises OSError for a file
    that cannot be read; nothing that it holds raises."""
    for piece in opened.frames(offset, number):
        yield _parsed(opened.parse, piece, given)


def _parsed(parse: Parse, piece: Piece, given: Given) -> Parsed:
    place = piece.place
    try:
        if piece.fault:
            raise unreadable(piece.fault)
        if piece.data is None:
            raise too_long(given, piece)
        made = parse(piece)
        place = _joined(place, made.place)
        report, chosen = completed(made, given, piece.at or given.at)
    except Bad as bad:
        place, problem = _joined(place, bad.place), bad.refusal
    except Refusal as refusal:
        problem = refusal
    except Exception as error:
        # Whatever a library makes of hostile input costs that piece alone. Its text may hold content.
        problem = unreadable(f"It cannot be read ({type(error).__name__})")
    else:
        size = len(piece.data)
        return Parsed(
            number=piece.number,
            place=place,
            end=piece.end,
            size=size,
            report=report,
            chosen=chosen,
        )
    return Parsed(number=piece.number, place=place, end=piece.end, problem=problem)


def _joined(place: str, more: str) -> str:
    return f"{place}, {more}" if more else place


def completed(made: Made, given: Given, at: datetime) -> tuple[ReportIn, bool]:
    """The report of a document in which what the command says is missing, the time `at` too, and whether
    its id and its time were both chosen here. Raises Bad or Refusal (422)."""
    document = dict(made.document)
    chosen = "id" not in document and "created_at" not in document
    if "id" not in document:
        document["id"] = own_id(given.key, document if made.said is None else made.said)
    channel = document.setdefault("channel", given.channel)
    if channel != given.channel:
        said = f"{channel!r}"[:40]
        raise Refusal(
            "another-channel",
            422,
            "The report names another channel",
            f"It says {said} and the import {given.channel!r}. Import it with --channel of its own.",
        )
    document.setdefault("reason", given.reason)
    document.setdefault("created_at", at)
    try:
        return convert(document, ReportIn), chosen
    except Refusal as refusal:
        if made.pointers is None or not refusal.errors:
            raise
        raise Bad(refusal, made.pointers(refusal.errors[0].pointer)) from refusal


def own_id(key: bytes, document: object) -> str:
    """The id of a report that has none: a keyed digest of all that it says, so that what is imported twice
    is one report. A plain digest would tell whoever reads the ids that a guess was right."""
    said = msgspec.json.encode(document, order="deterministic")
    return f"import:{keyed(key, 'import', hashlib.sha256(said).digest())[:16].hex()}"


def with_notes(comment: str | None, notes: Sequence[str]) -> str | None:
    """The comment with what the import has to say to whoever reads the report, as far as it has room."""
    if not notes:
        return comment
    told = "Note of the import: " + " ".join(dict.fromkeys(notes))
    room = MOST_COMMENT - (len(comment) + 2 if comment else 0)
    if room < 200:
        return comment
    told = told if len(told) <= room else f"{told[: room - 1]}…"
    return f"{comment}\n\n{told}" if comment else told


def unreadable(detail: str) -> Refusal:
    """A piece of a file that no report can be made of."""
    return Refusal("not-a-report", 422, "This is no report", detail)


def too_long(given: Given, piece: Piece) -> Refusal:
    """A piece over its limit."""
    line = piece.place.startswith("line")
    limit, what = (given.line_limit, "A line") if line else (given.message_limit, "A message")
    return Refusal(
        "line-too-long" if line else "message-too-long",
        413,
        f"{what} is over the limit",
        f"{what} has at most {limit:,} bytes.",
    )
