"""Equality over content in SQL: by digests under the instance's own key.

A plain digest of a guessable text or URL tells whoever holds the database alone that the guess was
right. Under a key that is not in the database it tells nothing.
"""

import hmac


def keyed(key: bytes, purpose: str, digest: bytes) -> bytes:
    """32 bytes: HMAC-SHA-256 of a digest under `key`. Another `purpose` gives another result, so that
    no two columns can be compared with each other."""
    # Not `hmac.digest`, which lets other threads in: on the path of a post that costs more than it does.
    return hmac.new(key, purpose.encode() + b"\n" + digest, "sha256").digest()
