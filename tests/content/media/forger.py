"""A hasher that was taken over and says of its picture what pixels cannot give.

The red of the first pixel says which lie it tells.
"""

from typing import Any, NamedTuple

import numpy as np


class Code(NamedTuple):
    kind: str
    value: bytes
    quality: int | None = None


LIES: dict[str, list[Code]] = {
    "the digest of an innocent file": [Code("sha256", b"i" * 32)],
    "its old digest": [Code("md5", b"i" * 16)],
    "an address": [Code("url", b"https://innocent.example/")],
    "a text": [Code("text-minhash", b"i" * 32)],
    "a kind that nobody knows": [Code("no-such-kind", b"i" * 32)],
    "an empty code": [Code("pdq", b"", 100)],
    "a short code": [Code("pdq", b"short", 100)],
    "a long code": [Code("pdq", b"l" * 33, 100)],
    "a quality that is none": [Code("pdq", b"q" * 32, 101)],
    "too many codes": [Code("pdq", n.to_bytes(32), 100) for n in range(50_000)],
}


def of_pixels(rgb: np.ndarray[Any, Any]) -> list[Code]:
    lie = int(rgb[0, 0, 0])
    if rgb.shape[0] != 11:  # not one of the pictures below: the worker warms up
        return []
    return list(LIES.values())[lie] if lie < len(LIES) else [Code("pdq", b"t" * 32, 100)]
