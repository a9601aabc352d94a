"""The kernel's clusters and stories against those in Python: the same, whatever is asked of them."""

import random
from math import log2, nan

import numpy as np
import pytest
from floods import flood
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.native import library
from tidegate.signals.native.clusters import FRESH, NEW, NativeClusters
from tidegate.triage.model import LOGARITHMS, Manner
from tidegate.triage.sketching import sketch_of
from tidegate.triage.slow import SlowClusters
from tidegate.triage.slow_stories import logarithm

native = library.load()
pytestmark = pytest.mark.skipif(native is None, reason="the kernels were not built")


def engines(manner: Manner | None = None) -> tuple[NativeClusters, SlowClusters]:
    assert native is not None
    by = manner or Manner()
    return NativeClusters(native, by.packed(), np.array(LOGARITHMS)), SlowClusters(by)


def compare(fast: NativeClusters, slow: SlowClusters, count: int) -> None:
    numbers = np.arange(count, dtype=np.uint32)
    for one, other in zip(fast.now(numbers), slow.now(numbers), strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("timed", [True, False])
def test_a_flood(timed: bool) -> None:
    """More anchors than the first table of keys has room for."""
    draw = random.Random(1)
    texts, _ = flood(5300 if timed else 1000, seed=1)
    sketches = sketch_of(texts)
    days = np.array([draw.uniform(0, 60) if timed and draw.random() < 0.9 else nan for _ in texts])
    fast, slow = engines(Manner(early=5.0))
    for one, other in zip(fast.assign(sketches, days), slow.assign(sketches, days), strict=True):
        assert one.tolist() == other.tolist()
    assert fast.moved() == slow.moved()
    compare(fast, slow, 150)
    for sketch in sketches[::97]:
        assert fast.near(sketch.tobytes(), 8) == slow.near(sketch.tobytes(), 8)


def test_what_is_forgotten_while_the_tables_grow() -> None:
    """Tables are widened a few places with each arrival: meanwhile a text may be in the old one or the new."""
    draw = random.Random(2)
    words = [f"word{number}" for number in range(900)]
    texts = [" ".join(draw.sample(words, 12)) for _ in range(2600)]
    sketches = [row.tobytes() for row in sketch_of(texts)]
    fast, slow = engines(Manner(early=0.0))
    count = 0
    for place, sketch in enumerate(sketches):
        again = sketches[draw.randrange(place + 1)]
        if draw.random() < 0.2:
            assert fast.forget(again[:16]) == slow.forget(again[:16])
        if draw.random() < 0.1:
            assert fast.near(again, 4) == slow.near(again, 4)
        now = sketch if draw.random() < 0.9 else again
        put = [engine.put(now, NEW, False, nan, NEW) for engine in (fast, slow)]
        assert put[0] == put[1] == count
        count += 1
    compare(fast, slow, count)
    for sketch in sketches[::11]:
        assert fast.near(sketch, 4) == slow.near(sketch, 4)


def test_stories_that_change_hands_often() -> None:
    """Few words, so that stories claim one another's texts, words have more stories than they keep, and
    stories more links."""
    draw = random.Random(3)
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join(draw.sample(words, draw.randint(3, 9))) + f" x{n}y" for n in range(1000)]
    sketches = sketch_of(texts)
    days = np.array([draw.uniform(0, 400) for _ in texts])
    for manner in (
        Manner(near=2.0, story=0.3, early=0.0, days=2.0),
        Manner(near=2.0, story=0.05, early=0.0, often=3.0, beyond=0.0, days=30.0, share=0.6),
    ):
        fast, slow = engines(manner)
        fast.assign(sketches, days)
        slow.assign(sketches, days)
        assert fast.moved() == slow.moved()
        compare(fast, slow, len(texts))


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "pin", "new", "told", "merge", "unmerge", "forget", "near"]),
        st.integers(0, 39),
        st.integers(0, 39),
    ),
    max_size=40,
)


@given(steps, st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_whatever_people_do(steps: list[tuple[str, int, int]], seed: int) -> None:
    texts, _ = flood(40, seed)
    sketches = [row.tobytes() for row in sketch_of(texts)]
    fast, slow = engines(Manner(early=0.0))
    count = 0
    for what, which, other in steps:
        sketch = sketches[which]
        if what == "near":
            assert fast.near(sketch, 4) == slow.near(sketch, 4)
        elif what == "forget":
            assert (
                fast.near(sketch, 0) == [] and fast.forget(sketch[:16]) == slow.forget(sketch[:16])
                if count
                else True
            )
        elif what == "merge" and count:
            for engine in (fast, slow):
                now, _ = engine.now(np.array([which % count, other % count], np.uint32))
                if now[0] != now[1]:
                    engine.merge(int(now[0]), int(now[1]))
        elif what == "unmerge" and count:
            for engine in (fast, slow):
                engine.unmerge(which % count)
        elif what not in ("merge", "unmerge"):
            cluster = other % count if what in ("put", "pin") and count else NEW
            beside = {"new": FRESH, "told": other % count if count else NEW}.get(what, NEW)
            made = {
                e.put(sketch, cluster, what == "pin", float(which), beside) for e in (fast, slow)
            }
            assert len(made) == 1
            count = max(count, made.pop() + 1)
    compare(fast, slow, count)


@given(st.floats(1, 1e12))
def test_the_table_of_logarithms_is_near_enough(value: float) -> None:
    assert abs(logarithm(value) - log2(value)) < 0.0015


def test_an_empty_one() -> None:
    fast, slow = engines()
    sketch = sketch_of(["nothing is known yet, and nothing is near to it"])[0].tobytes()
    for engine in (fast, slow):
        assert engine.near(sketch, 4) == []
        assert engine.forget(sketch[:16]) is False
        assert engine.moved() == []
        assert engine.now(np.empty(0, np.uint32))[0].tolist() == []
