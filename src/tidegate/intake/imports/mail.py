"""One e-mail as a report: what it says, what it brings, who sent it, and what is to be said of how it was read.

Whatever a message is, it becomes one report or one problem: what no person wrote is told and left out.
"""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC
from email.message import Message
from typing import Any

from tidegate.content.model import MAX_MEDIA, MAX_TEXT
from tidegate.infra.errors import Refusal
from tidegate.intake.imports import headers
from tidegate.intake.imports.bodies import Bodies, File
from tidegate.intake.imports.mime import Parser
from tidegate.intake.imports.model import Bad, Made, Piece, unreadable, with_notes

_OUTLOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_NAME, _MOST_CONTACT = 200, 500
_SHORTEST_ID = 8  # what is shorter names no message
_TOLD_ID = 200


def message(piece: Piece) -> Made:
    """The report that a message is. Raises Bad for one that no person wrote, and for what is none."""
    data = (piece.data or b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if data.startswith(_OUTLOOK):
        raise Bad(unreadable("It is in Outlook's own format (.msg). Save it as .eml."))
    parser = Parser()
    root = parser.parse(data)
    if not root.keys():
        raise Bad(unreadable("It has no headers, so it is no e-mail."))
    own = headers.first(root, "Message-ID")
    place = f"Message-ID {own[:_TOLD_ID]}" if own else ""
    if (why := _by_no_person(root)) is not None:
        raise Bad(_left_out(why), place)
    try:
        return _report(parser, root, data, own, place)
    except Bad as bad:
        raise Bad(bad.refusal, place) from bad


def _report(parser: Parser, root: Message, data: bytes, own: str, place: str) -> Made:
    name, contact = headers.address(headers.first(root, "From"))
    bodies = Bodies(parser, contact)
    said = bodies.read(root)
    subject = headers.text(headers.first(root, "Subject"))
    text = f"{subject}\n\n{said}".strip()
    files, notes = list(bodies.files), list(bodies.notes)
    if not text and not files:
        raise Bad(unreadable("It says nothing and brings no file."))
    if len(text) > MAX_TEXT:
        notes.insert(0, "It is longer than a text may be; all of it is the file message.txt.")
        files.insert(0, File("message.txt", "text/plain; charset=utf-8", text.encode()))
        text = text[:MAX_TEXT]
    document: dict[str, Any] = {"text": text} if text else {}
    if len(own) >= _SHORTEST_ID:
        document["id"] = f"mail:{hashlib.sha256(own.encode('utf-8', 'replace')).hexdigest()[:32]}"
    if source := _source(name, contact):
        document["source"] = source
    _put_time(root, document, notes)
    if files:
        document["media"] = [
            {"filename": one.filename, "content_type": one.content_type, "data": one.data}
            for one in _fitting(files, notes)
        ]
    if (comment := with_notes(None, notes)) is not None:
        document["comment"] = comment
    return Made(document, place, said=_body_digest(data))


def _body_digest(data: bytes) -> str:
    """What a message without an id is known again by: all of it but the line above it in an mbox."""
    if data.startswith(b"From "):
        data = data.partition(b"\n")[2]
    return hashlib.sha256(data.rstrip(b"\r\n")).hexdigest()


def _source(name: str, contact: str) -> dict[str, str]:
    told = {"name": name[:_MOST_NAME], "contact": contact[:_MOST_CONTACT]}
    return {field: value for field, value in told.items() if value}


def _put_time(root: Message, document: dict[str, Any], notes: list[str]) -> None:
    told = headers.first(root, "Date")
    at = headers.moment(told)
    if at is None:
        at = headers.received(root)
        if told:
            notes.append("Its Date cannot be read; the time is when it was received.")
    if at is not None:
        document["created_at"] = at.astimezone(UTC)


def _fitting(files: Sequence[File], notes: list[str]) -> list[File]:
    """As many files as a report may bring: what is beyond that is packed into the last one."""
    if len(files) <= MAX_MEDIA:
        return list(files)
    whole, rest = files[: MAX_MEDIA - 1], files[MAX_MEDIA - 1 :]
    notes.append(
        f"It brings {len(files):,} files; the last {len(rest):,} are packed into more.zip."
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, one in enumerate(rest, len(whole) + 1):
            # Always the same bytes: an import that is run again must say the same.
            entry = zipfile.ZipInfo(f"{number:03}-{one.filename or 'file'}", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, one.data)
    return [*whole, File("more.zip", "application/zip", packed.getvalue())]


def _by_no_person(root: Message) -> str | None:
    """Why nobody wrote a message; None where somebody may have."""
    answered = headers.first(root, "Auto-Submitted").partition(";")[0].strip().lower()
    if answered not in ("", "no"):
        return "an automatic message (Auto-Submitted)"
    if any(headers.raw(root, name) for name in ("X-Autoreply", "X-Autorespond")):
        return "an automatic reply"
    if headers.first(root, "Precedence").lower() in ("auto_reply", "auto-reply"):
        return "an automatic reply"
    if root.get_content_type() == "multipart/report":
        return "a report of a mail server on another message"
    paths = headers.raw(root, "Return-Path")
    if paths and paths[0].replace(" ", "") == "<>":
        return "a message of a mail server (its return path is empty)"
    _, sender = headers.address(headers.first(root, "From"))
    if sender.lower().partition("@")[0] == "mailer-daemon":
        return "a message of a mail server"
    return None


def _left_out(why: str) -> Refusal:
    return Refusal("by-no-person", 422, "No person wrote it", f"It is {why}, and was left out.")
