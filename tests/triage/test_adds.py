"""What a copy adds: nothing of it is lost, and nothing is told that the representative says."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints.normalise import normalised
from tidegate.triage.adds import adds

words = st.sampled_from(
    [
        *("fire", "smoke", "bridge", "Köln", "closed", "12", "14:30", "نار", "дом", "😀"),
        *("東京", "地震", "नमस्ते", "don’t", "#tag", "@name"),
    ]
)
texts = st.lists(words, max_size=12).map(" ".join)


def said(text: str) -> set[str]:
    """The obvious way, for words with spaces between them."""
    return {normalised(word).lstrip("#") for word in text.split()}


def told(representative: str, member: str) -> list[str]:
    return [one.text for one in adds(representative, member).text]


@given(texts, texts)
@settings(deadline=None)
def test_every_new_word_is_in_a_span_and_no_other_is(representative: str, member: str) -> None:
    spans = adds(representative, member).text
    marked = [any(s.start <= at < s.end for s in spans) for at in range(len(member))]
    for match in re.finditer(r"\S+", member):
        is_new = normalised(match[0]).lstrip("#") not in said(representative)
        assert all(marked[match.start() : match.end()]) == is_new, match[0]


@given(st.text(max_size=80), st.text(max_size=80))
@settings(deadline=None)
def test_spans_are_of_the_member_in_order_and_apart(representative: str, member: str) -> None:
    found = adds(representative, member)
    for spans in (found.text, found.places, found.times, found.numbers):
        for one in spans:
            assert member[one.start : one.end] == one.text != ""
        for one, other in pairwise(spans):
            assert one.start < other.start
    for one, other in pairwise(found.text):
        assert one.end < other.start or one.end == other.start
    assert adds(member, member).text == []


@pytest.mark.parametrize(
    ("representative", "member", "more"),
    [
        ("Bomb at the station", "RT @x: BOMB, at the station!!!", []),
        ("Bomb at the station", "Bomb at the station, he has a red car", ["he has a red car"]),
        ("fire", "fire 🔥 https://a.org/1", ["🔥 https://a.org/1"]),
        ("see https://a.org/1", "see https://a.org/2", ["https://a.org/2"]),
        ("地震が東京で発生しました", "地震が東京と大阪で発生しました", ["と大阪"]),
        ("حريق في بغداد", "حريق كبير في بغداد", ["كبير"]),
        ("cafe\u0301", "café", []),
        ("3 dead", "٣ dead", []),
        ("don't", "dont", []),
        ("", "", []),
    ],
)
def test_what_a_copy_adds(representative: str, member: str, more: list[str]) -> None:
    assert told(representative, member) == more


@pytest.mark.parametrize(
    ("member", "numbers", "times"),
    [
        ("@max1985 and @tom_12 say 3 dead", ["3"], []),
        ("RT @anna77: smoke https://a.org/2026-01-31/4711 www.b.org/?n=8", [], []),
        ("smoke t.co/x9y8 and 12 more, bit.ly/77", ["12"], []),
        ("7 dead, 7, ٧ and 8 dead", ["7", "8"], []),
        ("smoke 112 112", [], []),
        ("14:30, then 14:30", ["14:30"], ["14:30"]),
        ("mail me@home.org 4x4 5-6", ["4", "5-6"], []),
        ("#covid19 and no.5/6", ["19", "5/6"], []),
    ],
)
def test_a_number_is_one_once_and_none_within_a_name(
    member: str, numbers: list[str], times: list[str]
) -> None:
    found = adds("smoke, call 112", member)
    assert [one.text for one in found.numbers] == numbers
    assert [one.text for one in found.times] == times


def test_numbers_times_and_places() -> None:
    found = adds(
        "Threat against the school in Springfield at 14:30, 3 people",
        "Threat against the school in Springfield at 15:45 on Friday, 5 people, near Lake View,"
        " Bahnhofstraße 12, 40.7128, -74.0060, in what he says",
    )
    assert [one.text for one in found.times] == ["15:45", "Friday"]
    assert [one.text for one in found.numbers] == ["15:45", "5", "12", "40.7128", "74.0060"]
    assert [one.text for one in found.places] == [
        "Lake View",
        "Bahnhofstraße 12",
        "40.7128, -74.0060",
    ]


@pytest.mark.parametrize(
    ("text", "times", "places"),
    [
        ("heute um 18 Uhr bei Köln", ["heute", "18 Uhr"], ["Köln"]),
        ("demain à 9h30 à Paris", ["demain", "9h30"], ["Paris"]),
        ("غدا في بغداد", ["غدا"], ["بغداد"]),
        ("on 2026-01-31 at 7 pm", ["2026-01-31", "7 pm"], []),
    ],
)
def test_times_and_places_in_four_languages(text: str, times: list[str], places: list[str]) -> None:
    found = adds("", text)
    assert [one.text for one in found.times] == times
    assert [one.text for one in found.places] == places


def test_code_points_are_counted() -> None:
    (span,) = adds("a b", "😀😀 a new b").text[1:]
    assert (span.start, span.end, span.text) == (5, 8, "new")
