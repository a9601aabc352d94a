"""Lists of digests, one a line: bare, as `sha256sum` and `md5sum` print them (`digest  name`), as BSD's
tools do (`SHA256 (name) = digest`), or with their kind before them (`md5:…`).

Bare lines of 64 hex digits are `pdq`'s to look at: they may be either, and are read here where
somebody says so.
"""

import re

from tidegate.signals.entry import ListEntry
from tidegate.signals.lists import evidence
from tidegate.signals.lists.format import (
    Format,
    Reading,
    Skip,
    first_line,
    first_lines,
    lines,
    said,
    top,
)
from tidegate.signals.lists.ndjson import code
from tidegate.signals.lists.spelling import unquoted
from tidegate.signals.lists.words import is_foreign, kind_of

_LOOKED_AT = 1000  # lines
_MOST = 0.9
_KINDS = {32: "md5", 64: "sha256"}
_OTHERS = {40: "SHA-1", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"}

_BARE = re.compile(r"[0-9A-Fa-f]+\Z")
_SUM = re.compile(r"\\?([0-9A-Fa-f]+)(?: [ *]|\t+)(\S.*)\Z")
_TAGGED = re.compile(r"([A-Za-z][A-Za-z0-9/-]*) ?\((.*)\) ?= ?([0-9A-Fa-f]+)\Z")
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)\s*[:=]\s*([0-9A-Fa-f]+)\Z")


def _take(line: str) -> tuple[str | None, str, str | None] | None:
    """What a line says: the kind, if it does; the digest; the file's name. None: no digest."""
    if found := _SUM.match(line):
        return None, found[1], found[2]
    if found := _TAGGED.match(line):
        return found[1], found[3], found[2]
    value = unquoted(line)
    if found := _PREFIXED.match(value):
        return found[1], found[2], None
    return (None, value, None) if _BARE.match(value) else None


def _is_digest(line: str) -> bool:
    taken = _take(line)
    if taken is None:
        return False
    kind, value, _ = taken
    if kind is not None:
        return kind_of(kind) is not None or is_foreign(kind)
    return len(value) in _KINDS or len(value) in _OTHERS


def _parse(data: bytes) -> ListEntry:
    taken = _take(said(data))
    if taken is None:
        raise ValueError("expected a digest in hex digits, then at most a file's name")
    kind, value, name = taken
    if kind is None:
        if (other := _OTHERS.get(len(value))) is not None:
            raise Skip(f"algorithm {other}")
        kind = _KINDS.get(len(value))
        if kind is None:
            raise ValueError(f"expected 32 hex digits (MD5) or 64 (SHA-256), got {len(value)}")
    provenance = None if name is None else {"file": name}
    return ListEntry(fingerprints=[code(kind, value)], provenance=provenance)


def _recognise(head: bytes) -> bool:
    if not _is_digest(first_line(head)):
        return False
    found = first_lines(head, _LOOKED_AT)
    return sum(map(_is_digest, found)) >= _MOST * len(found)


def _open(head: bytes) -> Reading:
    return Reading(lines, _parse, above=top(head).above)


def _guess(head: bytes) -> Reading:
    """Refuses what may be something else by its codes, or holds nothing that a bank can use."""
    taken = [one for one in map(_take, first_lines(head, _LOOKED_AT)) if one is not None]
    lengths = {len(value) for kind, value, _ in taken if kind is None}
    if lengths and lengths <= set(_OTHERS):
        names = " and ".join(_OTHERS[length] for length in sorted(lengths))
        raise ValueError(
            f"holds {names}, which nothing here is compared by; a bank takes a header line of pdq,"
            " sha256 or md5"
        )
    ones = [int(v, 16).bit_count() for kind, v, _ in taken if kind is None and len(v) == 64]
    if len(ones) > 1 and evidence.weight(ones) > evidence.ODDS:
        raise ValueError(
            "looks like digests with the names of files, but the digits are such as PDQ codes have (128"
            " bits set of 256). Put a header line on top and a comma between: `pdq,filename`, or"
            " `sha256,filename`; or say --format digests"
        )
    return _open(head)


FORMAT = Format(name="digests", recognise=_recognise, open=_open, guess=_guess)
