"""`tidegate items erase`: what no path can name is erased all the same."""

import pytest
import sqlalchemy as sa
from tests.api import Api
from typer.testing import CliRunner

from tidegate.cli.items import app
from tidegate.content.tables import items
from tidegate.infra.errors import Refusal


def test_an_item_of_before_that_no_path_can_name_is_erased(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    folder = str(api.instance.settings.data_dir)
    api.submit("post-1", text="taken before such ids were refused", platform="forum")
    with api.instance.database.begin() as tx:
        tx.execute(sa.update(items).values(external_id=".."))

    refused = CliRunner().invoke(app, ["erase", "..", "--data-dir", folder])
    assert isinstance(refused.exception, Refusal)
    assert refused.exception.type == "item-unknown"
    done = CliRunner().invoke(app, ["erase", "..", "--platform", "forum", "--data-dir", folder])
    assert (done.exit_code, done.output) == (0, "erased\n")
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(items.c.erased_at)).scalar_one() is not None
        contents = tx.connection.exec_driver_sql("SELECT content FROM revisions").scalars().all()
        assert contents == [None]
