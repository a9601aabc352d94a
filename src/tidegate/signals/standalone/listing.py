"""Lists as the matcher takes them: which path is one, and the codes to look up in one.

A plain list of PDQ codes is read in bulk (`pdq_bulk`). Every other list that `signals.lists` knows is
read entry by entry, for the codes that files have too.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists import FORMATS, evidence, opened, recognise
from tidegate.signals.lists.format import (
    HEAD_BYTES,
    Format,
    Read,
    Reading,
    first_line,
    first_lines,
    read,
)
from tidegate.signals.lists.pdq import SCATTERED, TooFew, says_pdq
from tidegate.signals.lists.pdq_bulk import (
    BadLine,
    Block,
    Source,
    looks_like_codes,
    read_codes,
)
from tidegate.signals.lists.plain import plain, seekable
from tidegate.signals.model import Fingerprint

FILE_KINDS = frozenset(
    name
    for name, kind in KINDS.items()
    if kind.source in ("bytes", "pixels", "text") and not (kind.contained or kind.common)
)
"""The kinds of which a file has codes: others match nothing here."""

_MEANT = {".csv", ".tsv", ".ndjson", ".jsonl", ".list", ".lst", ".hashes", ".md5", ".sha256"}
_PLAIN = {"digests", "addresses"}
_CODE = re.compile(r"\b[0-9A-Fa-f]{32,}\b")
_LOOKED_AT = 20  # records, to see whether a file is a list
_MOST = 0.9
_LOOKED_AT_CODES = 10_000  # of a block
_BATCH = 1024


class OpenList(NamedTuple):
    """A list, open at its start, as plain text. `sure`: it says what its codes are."""

    text: BinaryIO
    format: Format
    reading: Reading
    sure: bool

    @property
    def in_bulk(self) -> bool:
        """Whether it is a plain list of PDQ codes."""
        return self.format.name == "pdq"


def open_list(path: Path, stack: ExitStack, format: str | None) -> OpenList | None:
    """The list at `path`; None where it is a file like any other, to be known by its bytes.

    Raises ValueError where it is meant as a list, and cannot be taken as it is.
    """
    file = stack.enter_context(BufferedReader(FileIO(path), HEAD_BYTES))
    meant = any(suffix.lower() in _MEANT for suffix in path.suffixes)
    try:
        text, head = plain(file, file.peek(HEAD_BYTES)[:HEAD_BYTES], stack)
        known = recognise(head)
        meant = meant or (known is not None and known.name in _PLAIN) or _has_codes(head)
        if not meant and known is None:
            return None
        found = OpenList(text, *_opened(head, format), format is not None or _says_pdq(head))
    except ValueError:
        if meant:
            raise
        return None
    if found.in_bulk:
        return found
    found = found._replace(text=seekable(found.text, stack))
    records = list(islice(read_entries(found), _LOOKED_AT))
    found.text.seek(0)
    sound = [record.entry for record in records if record.entry is not None]
    kinds = {code.kind for entry in sound for code in entry.fingerprints}
    if not (meant or format):
        if len(sound) < _MOST * len(records) or not sound:
            return None
        if found.format.name == "csv" and all(KINDS[kind].source == "text" for kind in kinds):
            return None  # a text whose first line is such a word
    if kinds and not kinds & FILE_KINDS:
        raise ValueError(
            f"is a list of {', '.join(sorted(kinds))}, by which no file is known: an instance takes it"
            " (`tidegate bank import`). What a bank file takes has pdq, sha256 or md5 in its header line"
        )
    return found


def _has_codes(head: bytes) -> bool:
    """Whether half of the first lines have many hex digits in a row, wherever they stand."""
    lines = first_lines(head, 64)
    return looks_like_codes(head) or 0 < len(lines) <= 2 * sum(
        _CODE.search(line) is not None for line in lines
    )


def _opened(head: bytes, format: str | None) -> tuple[Format, Reading]:
    """As an import would read it; but one or two codes are taken for PDQ, unless they look otherwise:
    a bank file restricts nobody."""
    try:
        return opened(head, format)
    except TooFew:
        return FORMATS["pdq"], FORMATS["pdq"].open(head)


def _says_pdq(head: bytes) -> bool:
    return says_pdq(first_line(head))


def read_entries(found: OpenList) -> Iterator[Read]:
    """The records of a list; codes are left to the reader to judge."""
    return read(found.reading, found.text, refuse=lambda _: None)


def codes_to_look_up(
    source: BinaryIO, head: bytes, stack: ExitStack, format: str | None
) -> Iterator[Block]:
    """The PDQ codes of a list that begins with `head`, as they come. Raises ValueError where they are
    something else, or where nobody can tell."""
    text, head = plain(source, head, stack)
    known = None if format else recognise(head)
    if known is not None and known.name != "pdq":
        yield from _blocks(OpenList(seekable(text, stack), *opened(head), sure=False))
        return
    sure = format is not None or _says_pdq(head)
    for block in read_codes(cast("Source", text)):
        if not sure and evidence.scattered(_ones(block)):
            raise ValueError(SCATTERED)
        yield block


def _ones(block: Block) -> list[int]:
    """How many bits are set in each code whose quality is not so low that they are noise."""
    codes = block.codes[(block.quality < 0) | (block.quality >= KINDS["pdq"].min_quality)]
    return np.bitwise_count(codes).sum(axis=1, dtype=np.int64)[:_LOOKED_AT_CODES].tolist()


def _blocks(found: OpenList) -> Iterator[Block]:
    records = read_entries(found)
    seen = False
    while batch := list(islice(records, _BATCH)):
        rows: list[tuple[int, Fingerprint]] = []
        bad: list[BadLine] = []
        for record in batch:
            codes = record.entry.fingerprints if record.entry is not None else ()
            pictures = [(record.number, code) for code in codes if code.kind == "pdq"]
            rows += pictures
            if not pictures:
                bad.append(_without(record))
        seen = seen or bool(rows)
        if not seen:
            raise ValueError(
                "has no PDQ codes. What is looked up stands one a line, or in a column that the header"
                " line calls `pdq`"
            )
        yield Block(
            np.frombuffer(b"".join(code.value for _, code in rows), np.uint8).reshape(-1, 32),
            np.array([number for number, _ in rows], np.int64),
            np.array([-1 if c.quality is None else c.quality for _, c in rows], np.int16),
            bad,
            0,
        )


def _without(record: Read) -> BadLine:
    codes = record.entry.fingerprints if record.entry is not None else ()
    text = next((KINDS[code.kind].format(code.value) for code in codes), "")
    reason = record.problem or record.skipped or "has no PDQ code"
    return BadLine(record.number, text, reason)
