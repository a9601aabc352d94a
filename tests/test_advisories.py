"""Pinned versions against advisories in the OSV form that the operator has, without any network."""

import importlib.util
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

SCRIPT = Path(__file__).parents[1] / "scripts" / "advisories.py"
_spec = importlib.util.spec_from_file_location("advisories", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
advisories = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(advisories)


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    package = {"ecosystem": "PyPI", "name": name}
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {
        "id": "T-1",
        "summary": "bad",
        "affected": [{"package": package, "ranges": ranges}],
    } | more


ALL = {"introduced": "0"}


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], *known: Any) -> tuple[int, str]:
    file = tmp_path / "osv.json"
    file.write_text(json.dumps(known))
    status = advisories.main([str(file)])
    return status, capsys.readouterr().out


def test_what_is_pinned_and_affected_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = said(tmp_path, capsys, advisory("Pillow", ALL, {"fixed": "9999"}))
    assert status == 1
    assert "pillow" in out
    assert "T-1 bad (fixed in 9999)" in out
    status, out = said(tmp_path, capsys, advisory("starlette", ALL))
    assert (status, "no fixed version is named" in out) == (1, True)


@pytest.mark.parametrize(
    "harmless",
    [
        advisory("pillow", ALL, {"fixed": "0.1"}),
        advisory("pillow", {"introduced": "9999"}),
        advisory("not-among-us", ALL),
        advisory("pillow", ALL, withdrawn="2026-01-01T00:00:00Z"),
        {"id": "T-2", "affected": [{"package": {"ecosystem": "npm", "name": "pillow"}}]},
    ],
)
def test_what_is_not_affected_is_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], harmless: dict[str, Any]
) -> None:
    assert said(tmp_path, capsys, harmless)[0] == 0


def test_folders_lines_and_archives_are_read(tmp_path: Path) -> None:
    one, two = advisory("a", ALL, id="T-1"), advisory("b", ALL, id="T-2")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.json").write_text(json.dumps(one))
    (tmp_path / "lines.json").write_text(f"{json.dumps(one)}\n{json.dumps(two)}\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("T-1.json", json.dumps(one))
        archive.writestr("T-2.json", json.dumps(two))
    read = [
        [x["id"] for x in advisories.read(tmp_path / p)]
        for p in ("folder", "lines.json", "all.zip")
    ]
    assert read == [["T-1"], ["T-1", "T-2"], ["T-1", "T-2"]]


@pytest.mark.parametrize("text", ["no json", "[1]", '{"affected": []}'])
def test_what_is_no_advisory_is_no_clean_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "osv.json"
    file.write_text(text)
    assert advisories.main([str(file)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert advisories.main([]) == 2
    assert advisories.main([str(tmp_path / "nowhere.json")]) == 2


NUMBERS = st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True).map(sorted)


@given(NUMBERS, st.booleans(), st.integers(0, 13))
def test_ranges_mean_what_intervals_mean(ends: Sequence[int], inclusive: bool, mine: int) -> None:
    """Against plain intervals: introduced, fixed, introduced, fixed …"""
    end = "last_affected" if inclusive else "fixed"
    events = [{end if n % 2 else "introduced": str(at)} for n, at in enumerate(ends)]
    pairs = [(ends[n], ends[n + 1] if n + 1 < len(ends) else 99) for n in range(0, len(ends), 2)]
    true = any(a <= mine < b or (inclusive and mine == b != 99) for a, b in pairs)
    found = advisories.affects({"ranges": [{"type": "ECOSYSTEM", "events": events}]}, str(mine))
    assert found is true
    assert Version(str(mine))
