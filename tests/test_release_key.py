"""The key that releases are signed with: both halves are new files, or nothing is made."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from scripts.release import ReleaseError, key


def test_its_halves_fit_and_one_is_private(tmp_path: Path) -> None:
    key(tmp_path / "release.key")
    secret = load_pem_private_key((tmp_path / "release.key").read_bytes(), None)
    public = load_pem_public_key((tmp_path / "release.pub").read_bytes())
    assert isinstance(secret, Ed25519PrivateKey)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(secret.sign(b"sums"), b"sums")
    assert (tmp_path / "release.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["release.key", "release", "other.key", "weird.pub", "no/release.key"]
)
def test_nothing_is_overwritten_and_no_half_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "release.pub").write_text("of another key")
    (tmp_path / "other.pub").symlink_to(tmp_path / "nowhere")
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ReleaseError):
        key(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert (tmp_path / "release.pub").read_text() == "of another key"
