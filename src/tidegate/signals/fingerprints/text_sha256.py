"""SHA-256 of the normal form of a text: equal for all texts that read the same."""

import hashlib

from tidegate.signals.fingerprints.kind import Kind, hex_parser, one_by_one
from tidegate.signals.model import Fingerprint


def _make(text: str) -> Fingerprint | None:
    return Fingerprint("text_sha256", hashlib.sha256(text.encode()).digest()) if text else None


KIND = Kind(
    name="text_sha256",
    route="text_digest",
    source="text",
    make=one_by_one(_make),
    parse=hex_parser(32),
    format=bytes.hex,
    exact=True,
    size=32,
    version=2,
)
