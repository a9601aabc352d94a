"""What is in a bank file, and what looks odd about it: for `tidegate bank stats`."""

import msgspec
import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.standalone.bankfile import BankFile, Words

_SAMPLE = 200  # codes whose neighbours are looked for
_PIECE = 1 << 18


class CodeStats(msgspec.Struct, frozen=True):
    """Codes of one 256-bit kind. `near_constant`: so few bits are set, or not set, that they match
    what they do not know. Of `sampled` codes, spread over the bank, `near_others` have another within
    the kind's own radius."""

    codes: int
    bytes_per_code: float
    near_constant: int
    sampled: int
    near_others: int


class BankStats(msgspec.Struct, frozen=True, kw_only=True):
    """A bank file; `values` counts the exact values by kind, `low_quality` and `repeated` lines of
    lists that were left out."""

    bank: str
    bytes: int
    entries: int
    files: int
    listed: int
    kinds: dict[str, CodeStats]
    values: dict[str, int]
    low_quality: int
    repeated: int


def statistics(bank: BankFile) -> BankStats:
    """Reads the whole bank. Raises BankFileError where it is damaged."""
    about = bank.about
    names = [name for name, kind in KINDS.items() if kind.hamming and bank.count(name)]
    return BankStats(
        bank=bank.name,
        bytes=bank.path.stat().st_size,
        entries=len(bank),
        files=about.files - about.named,
        listed=about.listed + about.named,
        kinds={name: _of_codes(bank, name) for name in names},
        values=about.values,
        low_quality=about.low_quality,
        repeated=about.repeated,
    )


def _of_codes(bank: BankFile, kind: str) -> CodeStats:
    codes = bank.codes(kind)
    sampled = min(len(codes), _SAMPLE)
    rows = np.arange(sampled) * (len(codes) - 1) // max(1, sampled - 1)  # the first to the last
    hits = bank.search(kind, codes[rows], KINDS[kind].default_radius, limit=2)
    return CodeStats(
        codes=len(codes),
        bytes_per_code=bank.bytes_of(kind) / len(codes),
        near_constant=near_constant(KINDS[kind], codes),
        sampled=len(rows),
        near_others=int((np.bincount(hits.query) > 1).sum()),
    )


def near_constant(kind: Kind, codes: Words) -> int:
    """How many of the codes, (n, 4), the door of an instance's banks would turn away."""
    found = 0
    for start in range(0, len(codes), _PIECE):
        ones = np.bitwise_count(codes[start : start + _PIECE]).sum(axis=1, dtype=np.int16)
        found += int(((ones < kind.fewest) | (ones > kind.bits - kind.fewest)).sum())
    return found
