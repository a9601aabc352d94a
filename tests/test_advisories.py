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


NO_ADVISORIES = {
    "no json": "no json",
    "numbers": "[1]",
    "no id": '{"affected": []}',
    "null": "null",
    "a text": '"x"',
    "a number": "5",
    "affected is null": '{"id": "Y", "affected": null}',
    "affected are texts": '{"id": "Y", "affected": ["pillow"]}',
    "a package is a text": '{"id": "Y", "affected": [{"package": "pillow"}]}',
    "versions are numbers": '{"id": "Y", "affected": [{"versions": [1]}]}',
    "a range without events": '{"id": "Y", "affected": [{"ranges": [{"type": "ECOSYSTEM"}]}]}',
    "an event is a list": '{"id": "Y", "affected": [{"ranges": [{"type": "X", "events": [[]]}]}]}',
    "one line of two": '{"id": "Y"}\n7',
    "too deep": "[" * 100_000,
    "no text": b"\xff\xfe\x00",
    # Comparing with nothing is no clean bill either.
    "empty": "",
    "an empty list": "[]",
    "an empty answer": '{"vulns": []}',
}


@pytest.mark.parametrize("held", NO_ADVISORIES.values(), ids=NO_ADVISORIES.keys())
def test_what_is_no_advisory_is_no_clean_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], held: str | bytes
) -> None:
    file = tmp_path / "osv.json"
    file.write_bytes(held.encode() if isinstance(held, str) else held)
    assert advisories.main([str(file)]) == 2
    said = capsys.readouterr().err
    assert "cannot be read" in said
    assert str(file) in said


def test_what_holds_no_advisory_is_named_beside_what_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advisories.main([]) == 2
    file, folder, archive = tmp_path / "osv.json", tmp_path / "folder", tmp_path / "all.zip"
    file.write_text(json.dumps(advisory("not-among-us", ALL)))
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("osv.json", "damaged " * 99)
    archive.write_bytes(archive.read_bytes().replace(b"damaged", b"DAMAGED", 1))
    assert advisories.main([str(file)]) == 0
    for nothing in (folder, archive, tmp_path / "nowhere.json"):
        capsys.readouterr()
        assert advisories.main([str(file), str(nothing)]) == 2
        assert str(nothing) in capsys.readouterr().err


def about(ecosystem: str, name: str, **told: Any) -> dict[str, Any]:
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": "T-3", "affected": [{"package": package} | told]}


def spans(type: str, *events: dict[str, str]) -> list[dict[str, Any]]:
    return [{"type": type, "events": list(events)}]


def pinned(name: str) -> str:
    return next(pin.version for pin in advisories.pins() if pin.name == name)


def test_whatever_way_of_writing_it_affected_is_affected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    below = {"fixed": "9999.0.0"}
    ways = [
        about("PyPI", "pillow", ranges=spans("SEMVER", ALL, below)),
        about("pypi", "Pillow", ranges=spans("ECOSYSTEM", ALL, below)),
        about("PyPI:3.11", "pillow", versions=[f"{pinned('pillow')}.0"]),
        about("PyPI", "pillow", versions=[pinned("pillow")], ranges=spans("GIT", ALL)),
    ]
    for known in ways:
        status, out = said(tmp_path, capsys, known)
        assert (status, "T-3" in out) == (1, True), known


def test_what_cannot_be_compared_is_told_and_no_clean_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commits = spans("GIT", ALL, {"fixed": "6879efc2c1596d11a6a6ad296f80063b558d5e0f"})
    ways = [
        about("PyPI", "pillow", ranges=commits),
        about("PyPI", "pillow"),
        about("PyPI", "pillow", ranges=spans("ECOSYSTEM", ALL, {"fixed": "the next"})),
        about("PyPI", "pillow", ranges=spans("ECOSYSTEM", {"fixed": "9999"})),
    ]
    for known in ways:
        status, out = said(tmp_path, capsys, known)
        assert (status, "T-3 names no versions to compare with" in out) == (2, True), known
    unaffected = about("PyPI", "pillow", ranges=commits + spans("SEMVER", ALL, {"fixed": "0.1"}))
    assert said(tmp_path, capsys, unaffected)[0] == 0
    nameless = {"id": "T-4", "affected": [{"ranges": commits}]}
    status, out = said(tmp_path, capsys, nameless, unaffected)
    assert (status, "compared with nothing: 1." in out) == (0, True)
    assert said(tmp_path, capsys, nameless)[0] == 2


def test_versions_of_npm_are_in_the_order_that_semver_gives() -> None:
    """The example of its specification, and what stands around it."""
    ordered = "0 0.0.0-1 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2"
    ordered += " 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1-1 1.0.1 1.2 1.10.0 v2.0.0"
    keys = [advisories.semver(text) for text in ordered.split()]
    assert keys == sorted(keys)
    assert len(set(map(str, keys))) == len(keys)
    assert advisories.semver("1.0.0+a") == advisories.semver("1.0.0")
    with pytest.raises(ValueError, match="no version"):
        advisories.semver("main")


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
