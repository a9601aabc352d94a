"""Whoever comes at the very moment is found: posts, codes and phrases of several processes at once."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.posts import KNOWN, described, stages, work_off

from tidegate.infra.clock import FakeClock, SystemClock
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import opened
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.pipeline.submit import submit_group
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.fingerprints import phrase
from tidegate.signals.model import Fingerprint

ROUNDS = 40


def _post(url: str, data_dir: Path, who: int, go: Any) -> None:
    with opened(Settings(data_dir=data_dir), url, SystemClock()) as instance:
        go.wait(60)
        for number in range(ROUNDS):
            text = f"{KNOWN} and this is the secret of round {number}"
            submission = described(instance, f"{who}-{number}", text)
            with instance.database.begin("key:f") as tx:
                submit_group(tx, instance, [submission])


def _enrol(url: str, data_dir: Path, go: Any) -> None:
    with opened(Settings(data_dir=data_dir), url, SystemClock()) as instance:
        go.wait(60)
        for number in range(ROUNDS):
            words = f"this is the secret of round {number}"
            if number % 2:
                known = [Fingerprint("phrase", phrase.KIND.parse(words))]
            else:
                codes = fingerprints.of_text(f"{KNOWN} and {words}")
                known = [one for one in codes if one.kind == "text_sha256"]
            with instance.database.begin("user:c") as tx:
                add_entry(tx, "known", known, confirmed=True)


def _look(url: str, data_dir: Path, go: Any, end: Any) -> None:
    with opened(Settings(data_dir=data_dir), url, SystemClock()) as instance:
        looker, walker = LookBack(instance), PhraseWalk(instance)
        go.wait(60)
        while not end.is_set():
            looker.step()
            walker.step()
        work_off(looker)
        while walker.step() is not None:
            pass


@pytest.mark.long
def test_four_processes_leave_no_gap(database_url: str, tmp_path: Path) -> None:
    """Two post, one adds codes and phrases of the very same texts, one looks back, all at once: each post is
    found, by its first look or by the look back."""
    with (
        opened(Settings(data_dir=tmp_path), database_url, FakeClock()) as instance,
        instance.database.begin("user:c") as tx,
    ):
        create_bank(tx, BankIn(name="known", stance="known"))
    context = multiprocessing.get_context("spawn")
    go, end = context.Barrier(4), context.Event()
    writers = [
        context.Process(target=_post, args=(database_url, tmp_path, 0, go)),
        context.Process(target=_post, args=(database_url, tmp_path, 1, go)),
        context.Process(target=_enrol, args=(database_url, tmp_path, go)),
    ]
    looker = context.Process(target=_look, args=(database_url, tmp_path, go, end))
    for process in (*writers, looker):
        process.start()
    for process in writers:
        process.join(120)
        assert process.exitcode == 0
    end.set()
    looker.join(120)
    assert looker.exitcode == 0
    with opened(Settings(data_dir=tmp_path), database_url, FakeClock()) as instance:
        found = {
            f"{who}-{n}": stages(instance, f"{who}-{n}") for who in (0, 1) for n in range(ROUNDS)
        }
    wanted = {id: "review" if int(id.partition("-")[2]) % 2 else "restrict" for id in found}
    missed = {id: some for id, some in found.items() if some[-1][1] != wanted[id]}
    assert missed == {}
    assert all(len(some) <= 2 for some in found.values())
