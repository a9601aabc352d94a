"""One database belongs to one instance, whose processes share the files of its index."""

import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from tidegate.infra.clock import FakeClock
from tidegate.infra.identity import identity, mark_of
from tidegate.infra.secrets import SECRETS, InstanceSecrets, Secret
from tidegate.infra.settings import Settings, SettingsError
from tidegate.pipeline.instance import Instance, opened


def test_a_process_with_other_secrets_is_turned_away(
    instance: Instance, database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    with opened(instance.settings, database_url, clock):
        pass  # a second process of the same instance
    other = Settings(data_dir=tmp_path / "another")
    for secret in SECRETS:
        InstanceSecrets.open(other.data_dir).make_one(secret.name)
    with pytest.raises(SettingsError, match="another instance"), opened(other, database_url, clock):
        pass


def test_a_wrong_data_directory_is_told_and_left_alone(
    instance: Instance, database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    wrong = Settings(data_dir=tmp_path / "instanec")
    with pytest.raises(SettingsError, match="--data-dir"), opened(wrong, database_url, clock):
        pass
    assert not wrong.data_dir.exists()


@pytest.mark.parametrize("secret", SECRETS, ids=lambda one: one.name)
@pytest.mark.parametrize("content", [None, b"", b"cut short"])
def test_a_lost_key_is_never_made_anew(
    instance: Instance, database_url: str, clock: FakeClock, secret: Secret, content: bytes | None
) -> None:
    path = instance.secrets.directory / f"{secret.name}.key"
    kept = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with (
        pytest.raises(SettingsError, match=f"{path} is .*backup.*{secret.lost}"),
        opened(instance.settings, database_url, clock),
    ):
        pass
    assert (path.read_bytes() if path.exists() else None) == content
    path.write_bytes(kept)
    with opened(instance.settings, database_url, clock):
        pass


# Keys that came with a later program, in the order in which they did.
LATER = ("sources", "organisation")


def before(instance: Instance, name: str) -> None:
    """Make it as a program left it that knew no key of that name, nor any that came since."""
    secrets = instance.secrets
    public = secrets.ledger_key.public_key().public_bytes_raw()
    mark = hashlib.sha256(b"tidegate instance\n" + secrets.author_key + public).digest()
    mark = hashlib.sha256(mark + secrets.terms_key).digest()
    if name == "organisation":
        mark = hashlib.sha256(mark + secrets.sources_key).digest()
    with instance.database.begin() as tx:
        tx.execute(sa.update(identity).values(mark=mark))
    for one in LATER[LATER.index(name) :]:
        (secrets.directory / f"{one}.key").unlink()


@pytest.mark.parametrize("name", LATER)
def test_a_key_that_came_later_is_made_by_the_upgrade(
    instance: Instance, database_url: str, clock: FakeClock, name: str
) -> None:
    before(instance, name)
    path = instance.secrets.directory / f"{name}.key"
    for _ in range(2):
        with opened(instance.settings, database_url, clock) as upgraded:
            key = path.read_bytes()
            with upgraded.database.begin() as tx:
                assert tx.execute(sa.select(identity.c.mark)).scalar_one() == mark_of(
                    upgraded.secrets
                )
        assert path.read_bytes() == key
    path.unlink()
    with (
        pytest.raises(SettingsError, match=f"{name}.key is missing"),
        opened(instance.settings, database_url, clock),
    ):
        pass
    assert not path.exists()


@pytest.mark.parametrize("name", ["author", "ledger", "terms"])
def test_an_upgrade_makes_no_key_that_was_lost(
    instance: Instance, database_url: str, clock: FakeClock, name: str
) -> None:
    before(instance, "sources")
    (instance.secrets.directory / f"{name}.key").unlink()
    with (
        pytest.raises(SettingsError, match=f"{name}.key is missing"),
        opened(instance.settings, database_url, clock),
    ):
        pass
    assert len(list(instance.secrets.directory.iterdir())) == 2


def test_what_one_process_sealed_the_next_finds_in_files(
    instance: Instance, database_url: str, clock: FakeClock, known: str
) -> None:
    with instance.database.begin() as tx:
        instance.banks.refresh(tx)
    instance.banks.index.seal()
    assert list((instance.index_folder / "banks").glob("*.segment"))
    fresh = Instance(instance.settings, database_url, clock)
    try:
        fresh.banks.index.adopt()  # reads no row of the database
        assert fresh.banks.version == instance.banks.version
        assert len(fresh.banks.index) == len(instance.banks.index) > 0
    finally:
        fresh.close()
