"""What is turned away at the door of the banks: codes that would match what they do not know.

Enrolment and import ask before anything is written. What passes and still matches too much stops
acting by itself (`quarantine.py`).
"""

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
