"""One database belongs to one instance."""

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
