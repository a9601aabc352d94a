"""Whether an instance is synthetic is said at its first start, and stands for ever."""

from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.infra.clock import FakeClock
from tidegate.infra.identity import identity
from tidegate.infra.settings import Settings, SettingsError
from tidegate.pipeline.instance import Instance, opened


def stands(instance: Instance) -> bool:
    with instance.database.begin() as tx:
        return tx.execute(sa.select(identity.c.synthetic)).scalar_one()


def test_a_real_instance_is_never_made_synthetic(
    instance: Instance, database_url: str, clock: FakeClock
) -> None:
    assert not instance.synthetic
    later = msgspec.structs.replace(instance.settings, synthetic=True)
    with (
        pytest.raises(SettingsError, match=r"real one since its first start.*another --data-dir"),
        opened(later, database_url, clock),
    ):
        pass
    assert not stands(instance)
    with opened(instance.settings, database_url, clock):
        pass


def test_a_synthetic_instance_never_passes_for_a_real_one(
    database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, media_workers=1, synthetic=True)
    with opened(settings, database_url, clock) as made:
        assert made.synthetic
        assert stands(made)
    later = msgspec.structs.replace(settings, synthetic=False)
    with (
        pytest.raises(SettingsError, match=r"since its first start.*Set synthetic = true again"),
        opened(later, database_url, clock),
    ):
        pass
    with opened(settings, database_url, clock) as again:
        assert stands(again)
