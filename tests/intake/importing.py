"""Messages and what an import says of them, for the tests of its formats."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO

from tidegate.intake.imports.formats import opened
from tidegate.intake.imports.mail import message
from tidegate.intake.imports.model import Bad, Given, Opened, Parsed, Piece, parsed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
AT = datetime(2026, 2, 1, tzinfo=UTC)
GIVEN = Given(channel="tip", key=bytes(32), at=AT, line_limit=100_000, message_limit=4_000_000)


def mail(body: bytes = b"They will meet at the bridge.", **headers: str) -> bytes:
    """A message; `Content_Type` is the header Content-Type, and one that is "" is left out."""
    own = {
        "From": "Jane Roe <jane@example.org>",
        "Date": "Sat, 31 Jan 2026 12:00:00 +0100",
        "Message-ID": "<one@mail.example.org>",
        "Subject": "What I heard",
    }
    told = own | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\n" for name, value in told.items() if value]
    return "".join(lines).encode() + b"\n" + body


def multipart(*parts: bytes, kind: str = "mixed", mark: str = "=edge", **headers: str) -> bytes:
    """A message of parts, each with its headers."""
    joined = b"".join(b"--%b\n%b\n" % (mark.encode(), part) for part in parts)
    body = joined + f"--{mark}--\n".encode()
    return mail(body, Content_Type=f'multipart/{kind}; boundary="{mark}"', **headers)


def part(body: bytes, kind: str = "text/plain", *more: str) -> bytes:
    """One part of a message."""
    lines = [f"Content-Type: {kind}", *more]
    return "\n".join(lines).encode() + b"\n\n" + body


def read(data: bytes) -> dict[str, Any]:
    """The document of the report that a message is."""
    return message(Piece(number=1, place="message 1", end=len(data), data=data)).document


def refused(data: bytes) -> str:
    """Why a message is no report."""
    try:
        read(data)
    except Bad as bad:
        return bad.refusal.detail
    raise AssertionError("it was read")


@contextmanager
def file(
    data: bytes, name: str = "reports", format: str | None = None, given: Given = GIVEN
) -> Generator[tuple[Opened, BinaryIO]]:
    """A file of reports, opened, and what it is read from."""
    with ExitStack() as stack:
        found, source = opened(stack, BytesIO(data), name, format, given)
        yield found, source


def reports(
    data: bytes, name: str = "reports", format: str | None = None, given: Given = GIVEN
) -> list[Parsed]:
    """What a file holds."""
    with file(data, name, format, given) as (found, _):
        return list(parsed(found, given))


def told(one: Parsed) -> str:
    """A problem with its place."""
    assert one.problem is not None, one.report
    return f"{one.place}: {one.problem.detail}"
