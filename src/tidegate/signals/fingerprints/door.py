"""What is turned away at the door of the banks: codes that would match what they do not know, and those
that would match more than was written, unless a person says that they are meant so.

Enrolment and import ask before anything is written. What passes and still matches too much stops
acting by itself (`quarantine.py`).
"""

from contextvars import ContextVar

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint


def refuse_poor(fingerprint: Fingerprint) -> str | None:
    """Why a bank must not take this code, as a text for people; None where it may."""
    kind = KINDS[fingerprint.kind]
    if fingerprint.quality is not None and fingerprint.quality < kind.min_quality:
        return (
            f"its quality {fingerprint.quality} is below {kind.min_quality}: codes of nearly flat"
            " content are noise, and near to each other"
        )
    if kind.hamming:
        ones = int.from_bytes(fingerprint.value).bit_count()
        if not kind.fewest <= ones <= kind.bits - kind.fewest:
            return (
                f"it is near-constant: {ones} of {kind.bits} bits are set, and of content that"
                f" tells itself apart {kind.fewest} to {kind.bits - kind.fewest} are"
            )
    return None


ACCEPTS_WIDER: ContextVar[bool] = ContextVar("ACCEPTS_WIDER", default=False)
"""Whether who takes a list in has said that its entries may match more than they say."""


def refuse_wider(kind: str, written: str) -> str | None:
    """Why a bank must not take what was written for a value of that kind, unless a person confirms it;
    None where it may."""
    told = KINDS[kind].lost(written)
    return None if told is None else f"it would match more than was written: {told}"
