"""Which format a file of reports has, by its name and its first bytes, and how it is opened.

What is packed (gzip, bzip2, xz, a ZIP of one file) or written in UTF-16 is laid out in a temporary file first,
as with lists (`signals/lists/plain`).
"""

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from tidegate.intake.imports import mail, mbox, ndjson, table
from tidegate.intake.imports.model import Frames, Given, Opened
from tidegate.signals.lists.format import HEAD_BYTES
from tidegate.signals.lists.plain import plain, seekable

FORMATS = ("ndjson", "csv", "eml", "mbox")
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
_SUFFIXES = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".eml": "eml",
    ".mbox": "mbox",
}
_MAIL = ("eml", "mbox")


def opened_folder(folder: Path, format: str | None, given: Given) -> Opened:
    """A folder of messages. Raises ValueError for another format."""
    if format not in (None, "eml"):
        raise ValueError(f"is a folder, which is read as eml and not as {format}")
    return _mail("eml", mbox.folder(folder, given.message_limit), len(mbox.names(folder)))


def opened(
    stack: ExitStack, source: BinaryIO, name: str, format: str | None, given: Given
) -> tuple[Opened, BinaryIO]:
    """A file of reports and what it is read from: `source`, which stands at its start, or what that holds in
    plain text. `name`: the file's, with its suffix; `format`: what somebody said that it is.

    Raises ValueError where it cannot be of that format or nobody can tell, and OSError.
    """
    if format == "ndjson" and not source.seekable():
        return ndjson.opened(source, given), source  # a pipe is taken as it comes
    source = seekable(source, stack)
    head = source.read(HEAD_BYTES)
    source.seek(0)
    format = format or _mail_by(head)
    if format not in _MAIL:
        source, head = plain(source, head, stack)
        format = format or _mail_by(head) or _recognised(head, name)
    elif head.startswith(_PACKED):
        source, head = plain(source, head, stack)
    if format == "ndjson":
        return ndjson.opened(source, given), source
    if format == "csv":
        return table.opened(source, head, given), source
    limit = given.message_limit
    if format == "eml":
        return _mail("eml", mbox.single(source, limit)), source
    return _mail("mbox", mbox.messages(source, limit, dated=mbox.is_dated(head))), source


def _mail_by(head: bytes) -> str | None:
    """The format of e-mail that a file has which begins so, whatever it is called."""
    if mbox.is_mbox(head):
        return "mbox"
    return "eml" if mbox.is_message(head) else None


def _recognised(head: bytes, name: str) -> str:
    if ndjson.recognise(head):
        return "ndjson"
    if table.recognise(head):
        return "csv"
    told = next(
        (_SUFFIXES[one] for one in reversed(Path(name.lower()).suffixes) if one in _SUFFIXES), None
    )
    if told is None:
        raise ValueError(
            f"is in no format that is known here; say which with --format: {', '.join(FORMATS)}"
        )
    return told


def _mail(format: str, frames: Frames, size: int | None = None) -> Opened:
    return Opened(format=format, frames=frames, parse=mail.message, unit="messages", size=size)
