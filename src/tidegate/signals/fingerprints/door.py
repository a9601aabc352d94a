"""What is turned away at the door of the banks: codes that would match what they do not know.

Enrolment and import ask before anything is written. What passes and still matches too much stops
acting by itself (`quarantine.py`).
"""

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint

CODE_BITS = 256
FEWEST = 64
"""Fewest bits of a code that must be set, and fewest that must not.

PDQ codes are cut at the median and have 128 of 256 set; those of half-and-half pictures, squares
and stripes, where many coefficients are equal, still have 70 or more. MinHash bits are fair coins:
64 would be eight standard deviations out. And 64 is the widest radius of a bank: below it an entry
matches the constant codes that flat or broken content ends in.
"""


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
        if not FEWEST <= ones <= CODE_BITS - FEWEST:
            return (
                f"it is near-constant: {ones} of {CODE_BITS} bits are set, and of content that"
                f" tells itself apart {FEWEST} to {CODE_BITS - FEWEST} are"
            )
    return None
