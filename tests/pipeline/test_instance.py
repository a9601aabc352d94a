"""One database belongs to one instance, whose processes share the files of its index."""

from pathlib import Path

import pytest

from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings, SettingsError
from tidegate.pipeline.instance import Instance, opened


def test_a_process_with_other_secrets_is_turned_away(
    instance: Instance, database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    with opened(instance.settings, database_url, clock):
        pass  # a second process of the same instance
    other = Settings(data_dir=tmp_path / "another")
    with pytest.raises(SettingsError, match="another instance"), opened(other, database_url, clock):
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
