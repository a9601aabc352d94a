"""Replay: what a draft would have decided, compared with what was."""

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given
from policy_examples import a_match, a_pack, a_rule, some_facts

from tidegate.policy.evaluate import evaluate
from tidegate.policy.facts import Facts
from tidegate.policy.model import VERDICTS, Verdict
from tidegate.policy.replay import NEWS, PER_CELL, Counts, Difference, Replayed, replay

DRAFT = a_pack(
    a_rule("new", "matches.exists(m, !m.confirmed)", mode="draft"),
    a_rule("trial", "item.problems > 0", mode="shadow", outcome="escalate"),
    a_rule("attribute", "item.attributes['x'] == '1'"),
    a_rule("old", "true", mode="retired"),
)
PLAIN: dict[str, Any] = {"attributes": {"x": "0"}}


def as_stored(item: str, facts: Facts, before: Verdict, **more: Any) -> Replayed:
    return Replayed(item=item, facts=facts, before=before, **more)


def test_a_replay_counts_differences_and_shows_examples() -> None:
    stored: list[tuple[str, Facts, Verdict]] = [
        ("quiet", some_facts(**PLAIN), "pass"),
        ("shadow", some_facts(problems=1, **PLAIN), "pass"),
        ("new", some_facts(a_match(confirmed=False), **PLAIN), "pass"),
        ("gone", some_facts(**PLAIN), "restrict"),
        ("failed", some_facts(), "review"),
    ]
    report = replay([as_stored(*one) for one in stored], DRAFT)
    assert (report.pack, report.items, report.different, report.errors) == ("trial@1", 5, 2, 1)
    assert report.matrix["pass"] == {"pass": 2, "review": 1, "restrict": 0, "escalate": 0}
    assert report.matrix["restrict"]["pass"] == report.matrix["review"]["review"] == 1
    assert report.examples == [
        Difference("new", "pass", "review", ["new"]),
        Difference("gone", "restrict", "pass", []),
    ]
    counts = {count.rule: (count.mode, count.fired, count.failed) for count in report.rules}
    assert counts == {
        "new": ("draft", 1, 0),
        "trial": ("shadow", 1, 0),
        "attribute": ("live", 0, 1),
    }


def test_examples_are_bounded_and_the_items_are_streamed() -> None:
    facts = some_facts(a_match(confirmed=False), **PLAIN)
    stream = (as_stored(f"item-{number}", facts, "pass") for number in range(1_000))
    report = replay(stream, DRAFT, examples=3)
    assert (report.items, report.different, len(report.examples)) == (1_000, 1_000, 3)


def test_a_replay_of_nothing() -> None:
    report = replay([], DRAFT)
    assert (report.items, report.different, report.examples) == (0, 0, [])


JUDGES = a_pack(
    a_rule("exact", "matches.exists(m, m.confirmed && m.exact)", outcome="restrict"),
    a_rule("near", "matches.exists(m, !m.exact)"),
    a_rule("odd", "item.problems > 1", outcome="escalate"),
)
some_stored = st.builds(
    lambda labels, exact, confirmed, problems, before, language, exemption: as_stored(
        "item",
        some_facts(a_match(labels=labels, exact=exact, confirmed=confirmed), problems=problems),
        before,
        language=language,
        exemption=exemption,
    ),
    st.lists(st.sampled_from(["propaganda", "unknown"]), unique=True),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from(VERDICTS),
    st.sampled_from(["", "de", "ar"]),
    st.sampled_from([None, "news", "counter_speech", "art"]),
)


@given(st.lists(some_stored, max_size=30), st.integers(1, 7))
def test_counts_of_pages_are_what_one_would_count_by_hand(
    stored: list[Replayed], size: int
) -> None:
    """Kept between pages as JSON, they say what a walk over all of them says, item by item."""
    counts = Counts()
    kept: list[tuple[Replayed, str]] = []
    for start in range(0, len(stored), size):
        counts = msgspec.convert(msgspec.to_builtins(counts), Counts)
        for one in stored[start : start + size]:
            said = counts.take(JUDGES, one)
            if counts.keeps(one, said):
                kept.append((one, said.after))
    told = [(one, evaluate(JUDGES, one.facts).verdict) for one in stored]
    cells = Counter((one.before, after) for one, after in told)
    for before in VERDICTS:
        for after in VERDICTS:
            assert counts.cells.get(before, {}).get(after, 0) == cells[before, after]
    for language in ("", "de", "ar"):
        mine = Counter((one.before, after) for one, after in told if one.language == language)
        found = counts.languages.get(language, {})
        assert {(b, a): n for b, row in found.items() for a, n in row.items()} == dict(mine)
    known = {"propaganda"}
    for label in ("", "propaganda", "unknown"):
        mine = Counter(
            (one.before, after)
            for one, after in told
            if label in (known & {*one.facts.matches[0].labels} or {""})
        )
        found = counts.labels.get(label, {})
        assert {(b, a): n for b, row in found.items() for a, n in row.items()} == dict(mine)
    newly = [(one, after) for one, after in told if after == "restrict" != one.before]
    assert counts.newly_restricted() == len(newly)
    assert counts.spoken_for == sum(one.exemption in NEWS for one, _ in newly)
    assert counts.different() == sum(one.before != after for one, after in told)
    # All of what somebody spoke for is shown, and of each change some.
    assert all(pair in kept for pair in newly if pair[0].exemption in NEWS)
    for pair, count in cells.items():
        shown = sum((one.before, after) == pair for one, after in kept)
        assert min(count, PER_CELL) <= shown or count > PER_CELL
