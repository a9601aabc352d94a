"""One database belongs to one instance, whose processes share the files of its index."""

from pathlib import Path

import pytest

from tidegate.infra.clock import FakeClock
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
