"""Lists of PDQ codes as they are published: `64 hex digits[,quality[,…]]`, one code a line.

A first line such as `hash,quality` is a header. Further columns say nothing that a bank keeps.
"""

import re
from collections.abc import Iterator

from tidegate.signals.entry import ListEntry
from tidegate.signals.lists.format import Format, Reading, first_line, lines
from tidegate.signals.model import Fingerprint

_LINE = re.compile(r"\s*([0-9A-Fa-f]{64})\s*(?:,\s*([0-9]{1,3})?\s*(?:,.*)?)?\Z", re.S)
_HEADER = re.compile(r"\s*\"?(hash|pdq_hash)\"?\s*(,.*)?\Z", re.S | re.I)


def parse_line(text: str) -> tuple[bytes, int | None]:
    """The 32 bytes of a line's code and its quality, None where the line does not say.

    Raises ValueError with what was expected.
    """
    found = _LINE.match(text)
    if found is None:
        raise ValueError("expected 64 hex digits, then at most a comma and a quality of 0 to 100")
    quality = None if found[2] is None else int(found[2])
    if quality is not None and quality > 100:
        raise ValueError("expected a quality of 0 to 100")
    return bytes.fromhex(found[1]), quality


def is_header(text: str) -> bool:
    """Whether a list's first line names its columns."""
    return _HEADER.match(text) is not None


def _parse(data: bytes) -> ListEntry:
    value, quality = parse_line(data.decode())
    return ListEntry(fingerprints=(Fingerprint("pdq", value, quality),))


def _open(head: bytes) -> Reading:
    return Reading(lines, _parse, header=is_header(first_line(head)))


def _recognise(head: bytes) -> bool:
    first = first_line(head)
    return is_header(first) or _LINE.match(first) is not None


def write(entry: ListEntry) -> Iterator[str]:
    """The lines of an entry: one for each PDQ code it has."""
    for fingerprint in entry.fingerprints:
        if fingerprint.kind == "pdq":
            quality = "" if fingerprint.quality is None else f",{fingerprint.quality}"
            yield f"{fingerprint.value.hex()}{quality}\n"


FORMAT = Format("pdq", _recognise, _open, write)
