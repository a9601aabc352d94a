"""`tidegate items refingerprint`: the codes of a new kind for the posts of before, told in a line."""

import re

import pytest
from tests.api import Api
from tests.kinds import WORDS, MoreKinds
from typer.testing import CliRunner

from tidegate.cli.items import app


def test_it_makes_the_codes_of_a_new_kind_and_is_done_then(
    api: Api, database_url: str, more_kinds: MoreKinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)

    def run() -> str:
        words = ["refingerprint", "--data-dir", str(api.instance.settings.data_dir)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        return result.output

    run()
    assert "Nothing to do" in run()
    for number in range(3):
        assert api.submit(f"post-{number}", text=f"a post of before, number {number}").is_success
    more_kinds(WORDS)
    assert "words: 3 items have other codes now" in run()
    assert "Nothing to do" in run()
    assert re.search(r"^tidegate_kinds_left 0(\.0)?$", api.get("/v1/metrics").text, re.M)
