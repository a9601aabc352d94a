"""The evidence store: what is discarded, and what somebody else has just put."""

import math
from pathlib import Path

from tidegate.content.evidence import EvidenceStore


def test_discarded_bytes_are_gone(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    sha256 = store.put(b"a picture")
    assert store.discard(sha256, math.inf)
    assert store.get(sha256) is None
    assert not store.discard(sha256, math.inf)


def test_bytes_that_were_put_again_meanwhile_are_kept(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    sha256 = store.put(b"a picture")
    assert not store.discard(sha256, 0.0)
    assert store.get(sha256) == b"a picture"
    assert len([path for path in store.directory.rglob("*") if path.is_file()]) == 1
