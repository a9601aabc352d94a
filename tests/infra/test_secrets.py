"""When an instance's keys are made, and when one that is missing was lost."""

import os
from itertools import product
from pathlib import Path

import pytest

from tidegate.infra.secrets import SECRETS, InstanceSecrets
from tidegate.infra.settings import SettingsError

NAMES = [secret.name for secret in SECRETS]


@pytest.fixture
def secrets(tmp_path: Path) -> InstanceSecrets:
    return InstanceSecrets.open(tmp_path / "instance")


def test_to_look_makes_nothing(secrets: InstanceSecrets) -> None:
    for read in (lambda: secrets.author_key, lambda: secrets.ledger_key, lambda: secrets.terms_key):
        with pytest.raises(SettingsError, match="is missing"):
            read()
    assert not secrets.directory.parent.exists()


@pytest.mark.parametrize("there", list(product([True, False], repeat=len(NAMES))))
@pytest.mark.parametrize("used", [True, False])
def test_what_a_first_start_left_undone_is_made_and_what_was_lost_is_not(
    secrets: InstanceSecrets, tmp_path: Path, there: tuple[bool, ...], used: bool
) -> None:
    trace = tmp_path / "ledger-head.json"
    for name, is_there in zip(NAMES, there, strict=True):
        if is_there:
            secrets.make_one(name)
    if used:
        trace.touch()
    before = {name: (secrets.directory / f"{name}.key").read_bytes() for name in made(secrets)}
    # Keys are made in order: a start that was cut short has the first ones.
    begun = there == tuple(sorted(there, reverse=True))
    if all(there) or (begun and not used):
        secrets.make(trace)
        assert made(secrets) == set(NAMES)
        assert all(secrets.has(name) for name in NAMES)
    else:
        with pytest.raises(SettingsError, match=f"{NAMES[there.index(False)]}.key is missing"):
            secrets.make(trace)
        assert made(secrets) == set(before)
    after = {name: (secrets.directory / f"{name}.key").read_bytes() for name in before}
    assert after == before


def made(secrets: InstanceSecrets) -> set[str]:
    return {path.stem for path in secrets.directory.glob("*")}


def test_keys_are_their_owners_alone(secrets: InstanceSecrets, tmp_path: Path) -> None:
    secrets.make(tmp_path / "nothing")
    assert secrets.directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.directory.iterdir()} == {0o600}
    assert len({secrets.author_key, secrets.terms_key, secrets.ledger_key.private_bytes_raw()}) == 3


def test_what_is_no_file_of_a_key_is_not_read_to_its_end(
    secrets: InstanceSecrets, tmp_path: Path
) -> None:
    secrets.make(tmp_path / "nothing")
    path = secrets.directory / "ledger.key"
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(SettingsError, match=r"ledger.key is no regular file"):
        _ = secrets.ledger_key
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SettingsError, match=r"ledger.key is no regular file"):
        _ = secrets.ledger_key
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SettingsError, match=r"ledger.key is damaged: it has more than 32 bytes"):
        _ = secrets.ledger_key
