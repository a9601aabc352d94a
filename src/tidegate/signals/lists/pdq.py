"""Lists of PDQ codes as they are published: `64 hex digits[,quality[,…]]`, one code a line.

A first line such as `hash,quality` is a header. Further columns say nothing that a bank keeps. Where
nothing says that the digits are PDQ codes, they must be such as pictures have (`evidence`): a list of
SHA-256 looks the same.
"""

import re
from collections.abc import Iterator

from tidegate.signals.entry import ListEntry
from tidegate.signals.lists import evidence
from tidegate.signals.lists.format import (
    Format,
    Reading,
    first_line,
    first_lines,
    lines,
    said,
    top,
    without_comment,
)
from tidegate.signals.model import Fingerprint

_LOOKED_AT = 1000  # lines
_LINE = re.compile(
    r"[\"']?([0-9A-Fa-f]{64})[\"']?\s*(?:[,;\t]\s*[\"']?([0-9]{1,3})?[\"']?\s*(?:[,;\t].*)?)?\Z",
    re.S,
)
_HEADER = re.compile(r"\s*\"?(hash|pdq_hash)\"?\s*(?:[,;\t]\s*(.*))?\Z", re.S | re.I)
_QUALITY = re.compile(r"\"?quality\"?\s*(?:[,;\t]|\Z)", re.I)

SCATTERED = (
    "has 64 hex digits a line whose bits scatter as those of SHA-256 digests do; PDQ codes have 128 of"
    " 256 set, or nearly. Nothing was taken. Put a header line on top that says what they are: `sha256`"
    " (or say --format digests), or `pdq` (or --format pdq)"
)
TOO_FEW = (
    "has 64 hex digits a line, and too few lines to tell PDQ codes from SHA-256 digests. Nothing was"
    " taken. Put a header line on top that says what they are: `pdq` (or say --format pdq), or"
    " `sha256` (or --format digests)"
)


class TooFew(ValueError):
    """Nothing says that these are PDQ codes, and they are too few to tell."""


def parse_line(text: str) -> tuple[bytes, int | None]:
    """The 32 bytes of a line's code and its quality, None where the line does not say.

    Raises ValueError with what was expected.
    """
    found = _LINE.match(text) or _LINE.match(without_comment(text))
    if found is None:
        raise ValueError("expected 64 hex digits, then at most a comma and a quality of 0 to 100")
    quality = None if found[2] is None else int(found[2])
    if quality is not None and quality > 100:
        raise ValueError("expected a quality of 0 to 100")
    return bytes.fromhex(found[1]), quality


def is_header(text: str) -> bool:
    """Whether a list's first line names its columns."""
    return _HEADER.match(text) is not None


def says_pdq(header: str) -> bool:
    """Whether a header says that the codes are PDQ's. A quality beside a `hash` says nothing: lists of
    digests have scores, too."""
    found = _HEADER.match(header)
    return found is not None and found[1].lower() != "hash"


def strange(ones: int) -> str:
    """What is said of a code with so many bits set that it is none of a picture's."""
    return (
        f"{ones} of its 256 bits are set, and a PDQ code has 128 or nearly: is it another digest? With"
        " the header line `pdq` it is taken"
    )


def _parse(data: bytes) -> ListEntry:
    try:
        value, quality = parse_line(data.decode())
    except ValueError:
        said(data)
        raise
    return ListEntry(fingerprints=(Fingerprint("pdq", value, quality),))


def _parse_unsaid(data: bytes) -> ListEntry:
    """The same, where nothing but the codes themselves says what they are."""
    entry = _parse(data)
    ones = int.from_bytes(entry.fingerprints[0].value).bit_count()
    if not evidence.close(ones):
        raise ValueError(strange(ones))
    return entry


def _above(head: bytes) -> int:
    return top(head).above + is_header(first_line(head))


def _open(head: bytes) -> Reading:
    return Reading(lines, _parse, above=_above(head))


def _guess(head: bytes) -> Reading:
    if says_pdq(first_line(head)):
        return _open(head)
    read = [found for line in first_lines(head, _LOOKED_AT) if (found := _LINE.match(line))]
    ones = [int(one[1], 16).bit_count() for one in read if int(one[2] or 100) >= evidence.WORST]
    weight = evidence.weight(ones)
    if not read:
        return _open(head)
    if weight <= -evidence.ODDS:
        raise ValueError(SCATTERED)
    if weight < evidence.ODDS:
        raise TooFew(TOO_FEW)
    return Reading(lines, _parse_unsaid, above=_above(head))


def _recognise(head: bytes) -> bool:
    """What has other columns than a code and its quality is a table like others (`csv`)."""
    first, *rows = first_lines(head, _LOOKED_AT) or [""]
    header = _HEADER.match(first)
    if header is None:
        return _LINE.match(first) is not None
    if header[2] and not _QUALITY.match(header[2]):
        return False
    sure = says_pdq(first) or (header[2] is not None and not rows)
    return sure or any(_LINE.match(row) for row in rows)


def write(entry: ListEntry) -> Iterator[str]:
    """The lines of an entry: one for each PDQ code it has."""
    for fingerprint in entry.fingerprints:
        if fingerprint.kind == "pdq":
            quality = "" if fingerprint.quality is None else f",{fingerprint.quality}"
            yield f"{fingerprint.value.hex()}{quality}\n"


FORMAT = Format(name="pdq", recognise=_recognise, open=_open, write=write, guess=_guess)
