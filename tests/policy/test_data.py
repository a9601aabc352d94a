"""What is shipped for people to edit, and what the data directory has in its place."""

from pathlib import Path

import pytest

from tidegate.decisions.model import TERRITORIES, DecisionIn
from tidegate.infra.db import Tx
from tidegate.infra.parsing import convert
from tidegate.infra.settings import SettingsError
from tidegate.policy.actions import ensure_default
from tidegate.policy.data import default_source, read_offences
from tidegate.policy.queries import active_ident


def put(data_dir: Path, name: str, text: str) -> None:
    (data_dir / "policies").mkdir(exist_ok=True)
    (data_dir / "policies" / name).write_text(text)


OWN = """
[[offences]]
state = "SE"
reference = "a law"
name = "a crime"
source = "https://law.example/"
"""


def test_what_is_shipped_names_laws_of_states_once(tmp_path: Path) -> None:
    found = read_offences(tmp_path)
    assert found == read_offences()
    assert {one.state for one in found} <= TERRITORIES
    assert len({one.ground for one in found}) == len(found) > 10
    assert all(one.source.startswith("https://") for one in found)
    # A decision may name each as its ground. None is what an order would rest on.
    for one in found:
        ground = {"kind": "law", "reference": one.ground}
        convert({"outcome": "pass", "reason": "x", "ground": ground}, DecisionIn)
    assert not any("2021/784" in one.reference for one in found)


def test_the_data_directory_wins(tmp_path: Path, tx: Tx) -> None:
    put(tmp_path, "offences.toml", OWN)
    put(tmp_path, "tvec.toml", default_source().replace('name = "tvec"', 'name = "ours"'))
    assert [one.ground for one in read_offences(tmp_path)] == ["SE: a law"]
    ensure_default(tx, tmp_path)
    assert active_ident(tx) == ("ours", 3)


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        OWN.replace('"SE"', '"Sweden"'),
        OWN.replace("name", "nmae"),
        OWN.replace('"a law"', "3"),
        "offences = 3",
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    put(tmp_path, "offences.toml", text)
    with pytest.raises(SettingsError, match=r"policies/offences\.toml cannot be used: "):
        read_offences(tmp_path)


def test_a_pack_to_start_with_that_has_errors_is_refused(tmp_path: Path, tx: Tx) -> None:
    put(tmp_path, "tvec.toml", "[pack]\nname = 3")
    with pytest.raises(SettingsError, match="`name` must be a text"):
        ensure_default(tx, tmp_path)
    assert active_ident(tx) is None
