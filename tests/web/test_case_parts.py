"""What a case's page is made of, without a database: folded texts, threads, changes, what to look at."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tidegate.web.pages.case_parts.changes import changed
from tidegate.web.pages.case_parts.panel import to_look_at
from tidegate.web.pages.case_parts.passages import LINES, WIDTH, merged, passages, quoted
from tidegate.web.pages.case_parts.thread import thread_of

LETTERS = st.sampled_from("ab \n\r\u2028é𝒲.م/:")
TEXTS = st.text(LETTERS, max_size=4000) | st.text(max_size=300)
SPANS = st.lists(st.tuples(st.integers(-5, 4200), st.integers(-5, 4200)), max_size=8)


@given(TEXTS, SPANS)
def test_passages_are_the_text_and_marks_are_where_they_were_asked_for(
    text: str, spans: list[tuple[int, int]]
) -> None:
    found = passages(text, spans)
    shown = [
        (run.text, stretch.marked)
        for passage in found
        for stretch in passage.stretches
        for run in stretch.runs
    ]
    assert "".join(part for part, _ in shown) == text
    asked = {place for start, end in spans for place in range(max(0, start), min(end, len(text)))}
    marked: set[int] = set()
    place = 0
    for part, is_marked in shown:
        marked |= set(range(place, place + len(part))) if is_marked else set()
        place += len(part)
    assert marked == asked
    assert all(was.folded != now.folded for was, now in pairwise(found))


@given(st.integers(1, 400), st.integers(0, 399))
def test_what_is_marked_is_never_folded(lines: int, at: int) -> None:
    text = "".join(f"line {number}\n" for number in range(lines))
    start = text.find(f"line {at}\n")
    found = passages(text, [] if start < 0 else [(start, start + 4)])
    folded = [one for one in found if one.folded]
    assert not any(stretch.marked for one in folded for stretch in one.stretches)
    assert bool(folded) <= (lines > LINES)
    assert sum(one.lines for one in folded) < lines


def test_one_long_line_is_folded_too() -> None:
    text = "word " * WIDTH * LINES
    assert [one.folded for one in passages(text)] == [False, True]


@given(SPANS)
def test_spans_that_overlap_are_one(spans: list[tuple[int, int]]) -> None:
    found = merged(spans, 4000)
    assert found == sorted(found)
    assert all(was[1] < now[0] for was, now in pairwise(found))


def test_what_reporters_quote_is_found_in_the_text() -> None:
    text = "He said: Burn it down. Then: burn it down again."
    for comment in ('says "burn it down"', "„Burn it down“!", "> burn it down", "«burn it down»"):
        assert [text[a:b].lower() for a, b in quoted(text, [comment])] == ["burn it down"] * 2
    assert quoted(text, ["It's what he's said", 'no "such words" here', '""']) == []
    assert quoted(text, ["Then: burn it down again."]) == [(23, 48)]


def test_known_shapes_of_a_thread_are_posts() -> None:
    for context in (
        {"thread": [{"author": "a", "text": "one"}, {"author": "b", "text": "two"}]},
        {"ancestors": [{"user": {"name": "a"}, "body": "one"}, {"from": "b", "message": "two"}]},
        {"parent": {"by": "b", "content": "two", "parent": {"by": "a", "content": "one"}}},
        json.dumps([{"author": "a", "text": "one"}, {"author": "b", "text": "two"}]),
    ):
        posts = thread_of(context).above
        assert {(one.author, one.text) for one in posts} == {("a", "one"), ("b", "two")}, context
    assert [one.text for one in thread_of("what stood before").above] == ["what stood before"]
    assert [one.text for one in thread_of({"replies": ["no", {"text": "yes"}]}).below] == [
        "no",
        "yes",
    ]


def test_what_is_no_thread_is_shown_with_its_own_letters() -> None:
    found = thread_of({"room": {"name": "غرفة"}, "thread": 7, "note": "schön"})
    assert found.above == found.below == []
    assert found.rest["note"] == "schön"
    assert "غرفة" in found.rest["room"]
    assert found.rest["thread"] == "7"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "author", "thread", "parent", "replies", "x", "created_at"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(["thread", "text", "parent", "replies", "x"]), JSON))
def test_no_context_is_too_strange(context: dict[str, Any]) -> None:
    found = thread_of(context)
    assert all(one.text.strip() for one in [*found.above, *found.below])


@given(TEXTS, TEXTS)
def test_a_change_says_what_was_there_and_what_is(old: str, new: str) -> None:
    found = changed(old, new)
    if old == new:
        assert found == []
        return
    assert {one.kind for one in found} <= {"", "added", "removed"}
    if max(len(old), len(new)) <= 600:
        assert "".join(one.text for one in found if one.kind != "added") == old
        assert "".join(one.text for one in found if one.kind != "removed") == new


def match(part: str = "media/0", **fields: Any) -> dict[str, Any]:
    usual = {"part": part, "entry": "e", "stance": "known", "allowed": False}
    return usual | {"exact": False, "confirmed": True} | fields


def test_a_look_is_asked_for_where_only_a_likeness_speaks() -> None:
    def look(*matches: dict[str, Any], reports: int = 0) -> list[str]:
        return to_look_at(matches, reports, ["media/0", "media/1"], ["e"])

    assert look(match()) == ["media/0", "entry/e"]
    assert look(match(exact=True, confirmed=False)) == ["media/0", "entry/e"]
    assert look(match("media/1@dark", entry="code only")) == ["media/1"]
    assert look(match(), match(stance="allow", exact=True)) == ["media/0", "entry/e"]
    assert look() == look(match(exact=True)) == look(match(), match("text")) == []
    assert look(match(), reports=1) == [], "somebody says so, too"
