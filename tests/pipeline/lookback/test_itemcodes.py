"""The files of the items' index may be lost or damaged at any time: the next step makes up for it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidegate.content.model import ItemRow
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.signals import fingerprints
from tidegate.signals.model import Fingerprint

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

TEXT = "the quick brown fox jumps over the lazy dog by the river, and then goes home again"


def probe(number: int) -> Fingerprint:
    codes = fingerprints.of_text(f"{TEXT} {number}")
    return next(one for one in codes if one.kind == "text_sha256")


def found(looker: LookBack) -> int:
    return sum(map(len, looker.items.index.search([probe(number) for number in range(20)])))


@pytest.fixture
def looker(instance: Instance, submit: Submit) -> LookBack:
    """One whose index has twenty posts, all of them in its files."""
    for number in range(20):
        submit(f"post-{number}", f"{TEXT} {number}")
    looker = LookBack(instance)
    looker.step()
    looker.items.index.seal()
    assert found(looker) == 20
    assert looker.step() is None
    return looker


@pytest.fixture
def files(instance: Instance) -> Path:
    return instance.index_folder / "items"


@pytest.mark.parametrize("what", ["folder", "manifest", "segment", "damaged manifest"])
def test_a_new_process_builds_the_index_before_anything_new_comes(
    instance: Instance, looker: LookBack, files: Path, what: str
) -> None:
    match what:
        case "folder":
            shutil.rmtree(files)
        case "manifest":
            (files / "manifest.json").unlink()
        case "segment":
            next(files.glob("*.segment")).unlink()
        case _:
            (files / "manifest.json").write_text("{}")
    another = LookBack(instance)
    assert another.step() is None
    assert found(another) == 20
    assert not another.items.is_behind


@pytest.mark.parametrize("what", ["folder", "manifest", "damaged manifest"])
def test_a_running_process_writes_lost_files_anew(
    instance: Instance, looker: LookBack, files: Path, what: str
) -> None:
    match what:
        case "folder":
            shutil.rmtree(files)
        case "manifest":
            (files / "manifest.json").unlink()
        case _:
            (files / "manifest.json").write_text("{}")
    assert looker.step() is None
    assert found(looker) == 20
    another = LookBack(instance)
    another.items.keep_files()  # which adopts what is there, and reads nothing from the database
    assert found(another) == 20


def test_a_damaged_block_is_given_again_by_the_next_step(
    instance: Instance, looker: LookBack, files: Path
) -> None:
    segment = looker.items.index._layers[0].segment
    assert segment is not None
    start, _ = segment._places["text_minhash/codes"]
    (path,) = files.glob("*.segment")
    data = bytearray(path.read_bytes())
    data[start] ^= 1
    path.write_bytes(data)
    another = LookBack(instance)
    another.items.keep_files()
    codes = [one for n in range(20) for one in fingerprints.of_text(f"{TEXT} {n}")]
    similar = [one for one in codes if one.kind == "text_minhash"]
    assert not all(another.items.index.search(similar))
    assert another.step() is None
    assert all(another.items.index.search(similar))
