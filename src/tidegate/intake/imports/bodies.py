"""What the parts of an e-mail say: its words, those of messages that it brings along, and its files.

Of one text in several forms the plain one is read, unless it says much less than the other, as where it only
says that one should see the other. A message within a message is part of what is told, to a bounded depth;
beyond that it is a file.
"""

from collections.abc import Iterable, Sequence
from email.message import Message
from typing import NamedTuple, cast

from tidegate.intake.imports import headers, markup
from tidegate.intake.imports.charsets import decoded, sound
from tidegate.intake.imports.mime import Parser, bomb

MOST_FORWARDED = 8
"""So deep a message may be within another to be read; below that it is kept as a file."""
MOST_LEVELS = 100
_TNEF = b"\x78\x9f\x3e\x22"
_SHORT = 2  # a plain text of less than this part of the other is not what the message says
_ENCRYPTED = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_TOO_DEEP = "It is nested too deep"
_MESSAGES = ("message/rfc822", "message/global")


class File(NamedTuple):
    """A file that a message brings."""

    filename: str
    content_type: str
    data: bytes


class Bodies:
    """Reads the parts of one message. `sender` is left out where a message within it has the same."""

    def __init__(self, parser: Parser, sender: str) -> None:
        self.files: list[File] = []
        self.notes: list[str] = []
        self._parser = parser
        self._sender = sender.lower()

    def read(self, part: Message, level: int = 0, within: int = 0) -> str:
        """The words of a part; its files are kept. `level`: how deep it stands; `within`: in so many
        messages."""
        kind, inner = _kind(part), _inner(part)
        if inner is None and not kind.startswith("multipart/"):
            return self._leaf(part, kind, level, within)
        if inner is None:
            self.notes.append("Its parts could not be told apart.")
            return self._text(part, "text/plain")
        if level >= MOST_LEVELS:
            raise bomb(_TOO_DEEP)
        if kind in _MESSAGES:
            return self._message(part, inner[0], level, within)
        if kind == "multipart/alternative":
            return self._alternative(inner, level, within)
        if kind == "multipart/encrypted":
            self.notes.append("It is encrypted; nothing of it was read.")
        return _joined([self.read(one, level + 1, within) for one in inner])

    def _leaf(self, part: Message, kind: str, level: int, within: int) -> str:
        name = headers.filename(part)
        if kind in ("text/plain", "text/html") and not _is_attached(part, name):
            return self._text(part, kind)
        data = self._bytes(part)
        if name.lower().endswith(".eml") and within < MOST_FORWARDED:
            found = self._parser.parse(data)
            if found.keys():
                return self._forwarded(found, level, within)
        self._keep(name, kind, data)
        return ""

    def _text(self, part: Message, kind: str) -> str:
        text, note = decoded(self._bytes(part), _label(part))
        if note is not None:
            self.notes.append(note)
        if kind != "text/html":
            return sound(text).strip("\n")
        if len(text) > markup.LONGEST:
            self.notes.append("Its HTML was read only in part; all of it is a file.")
            self.files.append(File("message.html", "text/html", text.encode("utf-8", "replace")))
        found = markup.words(text)
        for number, (content_type, data) in enumerate(found.pictures, 1):
            self.files.append(File(f"picture-{number}", content_type, data))
        return sound(found.text)

    def _alternative(self, parts: Sequence[Message], level: int, within: int) -> str:
        plain, rich = "", ""
        for part in parts:
            said = self.read(part, level + 1, within)
            if _kind(part) == "text/plain":
                plain = plain or said
            else:
                rich = said or rich
        return plain if len(plain.strip()) * _SHORT >= len(rich) else rich

    def _message(self, part: Message, inner: Message, level: int, within: int) -> str:
        if within >= MOST_FORWARDED:
            self._keep_message(inner)
            return ""
        encoded = headers.first(part, "Content-Transfer-Encoding").lower() == "base64"
        if encoded and not inner.keys():  # against RFC 2046, and written by some all the same
            inner = self._parser.parse(_decode_base64(inner))
        return self._forwarded(inner, level, within)

    def _forwarded(self, message: Message, level: int, within: int) -> str:
        head = ["---- Forwarded message ----"]
        name, where = headers.address(headers.first(message, "From"))
        if (name or where) and where.lower() != self._sender:
            head.append(f"From: {name} <{where}>" if name and where else f"From: {name or where}")
        for field in ("Date", "Subject"):
            if value := headers.text(headers.first(message, field)):
                head.append(f"{field}: {value}")
        return _joined(["\n".join(head), self.read(message, level + 1, within + 1)])

    def _keep_message(self, message: Message) -> None:
        self.notes.append("A message deep within others was kept as a file and not read.")
        try:
            data = message.as_bytes()
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            raise bomb(_TOO_DEEP) from None
        self._keep("forwarded.eml", "message/rfc822", data)

    def _keep(self, name: str, kind: str, data: bytes) -> None:
        if not data:
            self.notes.append("A file without content was left out.")
            return
        if data.startswith(_TNEF) or kind == "application/ms-tnef":
            self.notes.append(
                "winmail.dat is a package of Outlook's (TNEF), which was not opened: words and files may be in it."
            )
        elif kind in _ENCRYPTED:
            self.notes.append(
                "It has a part that is signed or encrypted as a whole, which was not read."
            )
        self.files.append(File(name, sound(kind)[:127], data))

    def _bytes(self, part: Message) -> bytes:
        """What a part holds, with its transfer encoding undone as far as it can be."""
        before = len(part.defects)
        try:
            data = part.get_payload(decode=True)
        except (ValueError, LookupError, TypeError, AssertionError):
            data = None
        if len(part.defects) > before:
            self.notes.append("A part was damaged on its way; what could be read of it was kept.")
        if isinstance(data, bytes):
            return data
        said = part.get_payload()
        return said.encode("utf-8", "surrogateescape") if isinstance(said, str) else b""


def _decode_base64(inner: Message) -> bytes:
    inner["Content-Transfer-Encoding"] = "base64"
    data = inner.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _kind(part: Message) -> str:
    return part.get_content_type()


def _inner(part: Message) -> list[Message] | None:
    inner = part.get_payload()
    return cast("list[Message]", inner) if isinstance(inner, list) and inner else None


def _label(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError):
        return None


def _is_attached(part: Message, name: str) -> bool:
    """Whether a text is a file and not what the message says."""
    return bool(name) or part.get_content_disposition() == "attachment"


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(text for text in texts if text.strip())
