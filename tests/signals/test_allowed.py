"""What an allow match speaks for, and which matches of an animation's frames are told."""

from typing import Any

import pytest

from tidegate.signals.index import nearest_frames, resolve_allowed
from tidegate.signals.model import Match


def match(part: str, distance: int = 0, stance: str = "known", **more: Any) -> Match:
    kind = more.pop("kind", "pdq")
    values: dict[str, Any] = {
        "bank": stance,
        "entry": more.pop("entry", "e"),
        "labels": [],
        "route": kind,
    }
    values |= {"confirmed": True, "exact": True, "kind": kind, **more}
    return Match(part=part, stance=stance, distance=distance, **values)


def allow(part: str, distance: int = 0, **more: Any) -> Match:
    return match(part, distance, "allow", **more)


def weighed(*matches: Match) -> list[tuple[bool, bool]]:
    """Of the known ones, whether each is allowed, and whether it may restrict."""
    assert [one.part for one in resolve_allowed(matches)] == [one.part for one in matches]
    return [(m.allowed, m.exact) for m in resolve_allowed(matches) if m.stance == "known"]


@pytest.mark.parametrize("part", ["media/0", "media/0@stored", "media/0@peer", "media/0@reduced"])
@pytest.mark.parametrize("other", ["media/0", "media/0@stored", "media/0@peer"])
def test_a_picture_is_one_however_it_is_hashed(part: str, other: str) -> None:
    assert weighed(match(part, 2), allow(other, 2)) == [(True, True)]
    assert weighed(match(part, 2), allow(other, 3)) == [(False, True)]


@pytest.mark.parametrize("other", ["media/0@dark", "media/0#4", "media/0@dark#4"])
def test_a_picture_that_is_allowed_hides_no_other_in_its_file(other: str) -> None:
    """Nothing is restricted for it either: a person is asked."""
    assert weighed(match(other, 2), allow("media/0", 2)) == [(False, False)]
    assert weighed(match("media/0", 2), allow(other, 2)) == [(False, False)]
    assert weighed(match(other, 2), allow("media/0", 3)) == [(False, True)]
    assert weighed(match(other, 2), allow(other, 2), allow("media/0")) == [(True, True)]


def test_a_file_that_is_allowed_is_allowed_whole() -> None:
    file = allow("media/0", kind="sha256")
    known = [match(f"media/0{view}") for view in ("", "@dark", "@stored", "#4", "@dark#4")]
    assert weighed(*known, file) == [(True, True)] * 5
    assert weighed(match("media/1"), file) == [(False, True)]


def test_an_exact_match_is_nearer_than_another_at_its_distance() -> None:
    assert weighed(
        match("text", kind="text_sha256"), allow("text", kind="text_minhash", exact=False)
    ) == [(False, True)]


def test_of_the_frames_in_which_an_entry_is_found_the_nearest_is_told() -> None:
    found = [
        match("media/0", 9),
        match("media/0#3", 5),
        match("media/0#4", 2),
        match("media/0#5", 2),
        match("media/0@dark#5", 7),
        match("media/0#4", 6, entry="other"),
        match("media/1#8", 9),
        match("text", kind="text_sha256"),
    ]
    told = [(one.part, one.distance, one.entry) for one in nearest_frames(found)]
    assert told == [
        ("media/0", 9, "e"),
        ("media/0#4", 2, "e"),
        ("media/0@dark#5", 7, "e"),
        ("media/0#4", 6, "other"),
        ("media/1#8", 9, "e"),
        ("text", 0, "e"),
    ]
