"""SHA-256 of a file's bytes: the exact route that every partner can compute."""

import hashlib

from tidegate.signals.fingerprints.kind import Kind, hex_parser, one_by_one
from tidegate.signals.model import Fingerprint


def _make(data: bytes) -> Fingerprint:
    return Fingerprint("sha256", hashlib.sha256(data).digest())


KIND = Kind(
    name="sha256",
    route="digest",
    source="bytes",
    make=one_by_one(_make),
    parse=hex_parser(32),
    format=bytes.hex,
    exact=True,
    size=32,
)
