"""Keyed digests are HMAC-SHA-256, and of one purpose each."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.digests import keyed, mac


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_it_is_hmac_as_everybody_else_computes_it(key: bytes, message: bytes) -> None:
    for _ in range(2):
        assert mac(key, message) == hmac.digest(key, message, "sha256")


def test_another_purpose_or_key_gives_another_digest() -> None:
    digest = bytes(32)
    found = {keyed(key, purpose, digest) for key in (b"a", b"b") for purpose in ("url", "report")}
    assert len(found) == 4
