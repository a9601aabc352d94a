"""Replay: what a draft would have decided, compared with what was."""

from typing import Any

from policy_examples import a_match, a_pack, a_rule, some_facts

from tidegate.policy.replay import Difference, replay

DRAFT = a_pack(
    a_rule("new", "matches.exists(m, !m.confirmed)", mode="draft"),
    a_rule("trial", "item.problems > 0", mode="shadow", outcome="escalate"),
    a_rule("attribute", "item.attributes['x'] == '1'"),
    a_rule("old", "true", mode="retired"),
)
PLAIN: dict[str, Any] = {"attributes": {"x": "0"}}


def test_a_replay_counts_differences_and_shows_examples() -> None:
    stored = [
        ("quiet", some_facts(**PLAIN), "pass"),
        ("shadow", some_facts(problems=1, **PLAIN), "pass"),
        ("new", some_facts(a_match(confirmed=False), **PLAIN), "pass"),
        ("gone", some_facts(**PLAIN), "restrict"),
        ("failed", some_facts(), "review"),
    ]
    report = replay(stored, DRAFT)  # pyright: ignore[reportArgumentType]
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
    stream = ((f"item-{number}", facts, "pass") for number in range(1_000))
    report = replay(stream, DRAFT, examples=3)  # pyright: ignore[reportArgumentType]
    assert (report.items, report.different, len(report.examples)) == (1_000, 1_000, 3)


def test_a_replay_of_nothing() -> None:
    report = replay([], DRAFT)
    assert (report.items, report.different, report.examples) == (0, 0, [])
