"""The desk under a flood that `benchmarks.flood` measures with: everything is seen once, and what matters sooner."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from benchmarks.flood_queue import Desk, Prepared, Tip, Waits, in_order, prepare
from tests.triage.test_learned import posts

from tidegate.intake.threats.data import sources
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import Screen

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
THREAT = "He told me he will shoot everybody in the bus station on Saturday at noon."


def mean(tips: list[Tip], waits: Waits) -> timedelta:
    found = [wait for tip, wait in zip(tips, waits, strict=True) if tip.urgent]
    return sum(found, timedelta()) / len(found)


@pytest.fixture(scope="module")
def tips() -> list[Tip]:
    """Five a minute, of which three in ten are urgent; the last threatens a life."""
    random = Random(4)
    made: list[Tip] = []
    for number, (text, urgent) in enumerate(posts(500)):
        at = BEGAN + number * MINUTE / 5
        words = " ".join("".join(random.choices("klmnopqrst", k=7)) for _ in range(6))
        made.append(Tip(at, at.timestamp(), f"{text} {words}", urgent))
    last = made[-1].at + MINUTE / 10
    return [*made, Tip(last, last.timestamp(), THREAT, True)]


@pytest.fixture(scope="module")
def prepared(tips: list[Tip]) -> Prepared:
    packs = [load_threat_pack(text, where) for where, text in sources().items()]
    return prepare(tips, Screen(packs))


def test_in_order_each_waits_for_those_before(tips: list[Tip]) -> None:
    waits = in_order(tips[:10], 2, MINUTE)
    assert [wait / MINUTE for wait in waits[:6]] == pytest.approx([0, 0, 0.6, 0.6, 1.2, 1.2])


def test_what_is_urgent_is_seen_sooner_and_a_threat_at_once(
    tips: list[Tip], prepared: Prepared
) -> None:
    desk = Desk(tips, prepared)
    waits = desk.work(2, MINUTE)
    assert all(wait >= timedelta() for wait in waits)
    assert desk.looks == len(tips)  # nothing is a copy, and nothing is looked at twice
    assert mean(tips, waits) < mean(tips, in_order(tips, 2, MINUTE)) / 3
    assert waits[-1] <= MINUTE


def test_copies_are_seen_together(tips: list[Tip], prepared: Prepared) -> None:
    copied = [tips[0]._replace(at=BEGAN + number * MINUTE / 100) for number in range(100)]
    same = Prepared([prepared.clusters[0]] * 100, [None] * 100, [prepared.features[0]] * 100)
    desk = Desk(copied, same)
    waits = desk.work(1, MINUTE)
    assert desk.looks == 2  # the first at once; all that came meanwhile together
    assert max(waits) <= MINUTE
