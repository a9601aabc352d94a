"""MD5 of a file's bytes: no proof of anything, but many shared lists know nothing else."""

import hashlib

from tidegate.signals.fingerprints.kind import Kind, hex_parser, one_by_one
from tidegate.signals.model import Fingerprint


def _make(data: bytes) -> Fingerprint:
    return Fingerprint("md5", hashlib.md5(data, usedforsecurity=False).digest())


KIND = Kind(
    name="md5",
    route="digest",
    source="bytes",
    make=one_by_one(_make),
    parse=hex_parser(16),
    format=bytes.hex,
    exact=True,
    size=16,
)
