"""Codes as they are kept, read where one bad row must not stop the work on all that come after it."""

from collections.abc import Sequence

import msgspec

from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint, decode_codes, decode_fingerprints


def codes_of_revision(tx: Tx, number: int, stored: bytes | None) -> list[Fingerprint]:
    """A revision's codes, each once (frames of a picture are often alike), less those that can be none,
    which are set aside."""
    try:
        found = [code for _, code in decode_codes(stored)]
    except msgspec.DecodeError as error:
        set_aside(tx, "codes of revisions", number, error)
        return []
    return _possible(tx, "codes of revisions", number, list(dict.fromkeys(found)))


def codes_of_entry(tx: Tx, number: int, stored: bytes) -> list[Fingerprint]:
    """An entry's codes, less those that can be none, which are set aside."""
    try:
        found = decode_fingerprints(stored)
    except msgspec.DecodeError as error:
        set_aside(tx, "codes of entries", number, error)
        return []
    return _possible(tx, "codes of entries", number, found)


def _possible(tx: Tx, what: str, number: int, found: Sequence[Fingerprint]) -> list[Fingerprint]:
    good: list[Fingerprint] = []
    for one in found:
        kind = KINDS.get(one.kind)
        if kind is not None and kind.can_be(one.value):
            good.append(one)
    if len(good) < len(found):
        set_aside(tx, what, number, "a code that none of its kind can be")
    return good
