"""`tidegate doctor` names each key of the instance that was lost, damaged or changed."""

import os
from pathlib import Path

import pytest
from tests.pipeline.test_instance import before

from tidegate.cli.doctor_keys import diagnose_keys
from tidegate.infra.settings import Settings
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.instance import Instance


@pytest.fixture
def settings(instance: Instance) -> Settings:
    """Of an instance that was used."""
    data_dir = instance.settings.data_dir
    assert seal(instance.database, instance.secrets.ledger_key, data_dir / HEAD_FILE) > 0
    return Settings(data_dir=data_dir, database_url=instance.database.url)


def test_an_instance_that_was_never_started_has_none(tmp_path: Path) -> None:
    (found,) = diagnose_keys(Settings(data_dir=tmp_path / "new"))
    assert found.ok


def test_keys_that_are_the_databases_are_well(settings: Settings) -> None:
    (found,) = diagnose_keys(settings)
    assert found.ok
    assert found.detail.endswith("they are the database's")


@pytest.mark.parametrize("name", ["author", "ledger", "terms", "sources", "organisation"])
def test_what_is_not_is_named_with_what_to_do(settings: Settings, name: str) -> None:
    path = settings.data_dir / "secrets" / f"{name}.key"
    whole = path.read_bytes()
    for wrong in (None, whole[:31], os.urandom(32)):
        path.write_bytes(wrong) if wrong else path.unlink()
        (found,) = diagnose_keys(settings)
        assert not found.ok
        assert f"{name}.key" in found.detail
        assert "backup of the secrets" in found.mend
    # Where no database can be asked, the ledger's head tells of its key.
    (found,) = diagnose_keys(Settings(data_dir=settings.data_dir))
    assert found.ok == (name != "ledger")
    path.write_bytes(whole)
    assert all(one.ok for one in diagnose_keys(settings))


def test_a_key_that_came_with_this_version_is_not_lost(
    settings: Settings, instance: Instance
) -> None:
    before(instance, "sources")
    (found,) = diagnose_keys(settings)
    assert found.ok
    assert "sources.key, organisation.key came with this version" in found.detail
    (settings.data_dir / "secrets" / "terms.key").unlink()
    assert [one.ok for one in diagnose_keys(settings)] == [False, False, False]
