"""The locks: every package pinned by hash, one version across them, and no word of where it came from."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.lock"), key=lambda lock: lock.name)
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_by_hash_and_names_no_index(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [one for one in blocks if not (_PIN.match(one) and "--hash=sha256:" in one)] == []


@pytest.mark.parametrize("name", ["bench", "bootstrap", "zig"])
def test_a_lock_has_what_was_asked_for(name: str) -> None:
    asked = re.findall(r"^[a-z0-9-]+", (REQUIREMENTS / f"{name}.in").read_text(), re.MULTILINE)
    pinned = dict(_PIN.findall((REQUIREMENTS / f"{name}.lock").read_text()))
    assert asked
    assert set(asked) <= set(pinned)


@pytest.mark.parametrize("name", ["dev", "bench"])
def test_what_runs_is_the_same_everywhere(name: str) -> None:
    runtime = dict(_PIN.findall((REQUIREMENTS / "runtime.lock").read_text()))
    other = dict(_PIN.findall((REQUIREMENTS / f"{name}.lock").read_text()))
    assert {one: other[one] for one in runtime.keys() & other.keys()} == {
        one: version for one, version in runtime.items() if one in other
    }
