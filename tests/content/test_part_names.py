"""The names of parts: each is read as it was written, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.content.parts import Part

NUMBERS = st.integers(0, 999_999_999)
WHOLES = st.one_of(
    st.sampled_from(["text", "url"]),
    st.builds("media/{}".format, NUMBERS),
    st.builds("text/url/{}".format, NUMBERS),
    st.builds("media/{}/sound".format, NUMBERS),
)
PARTS = st.builds(Part, WHOLES, st.sampled_from(["", "stored", "peer"]), NUMBERS)


@given(PARTS)
def test_a_part_is_read_as_it_was_named(part: Part) -> None:
    assert Part.parse(part.name) == part


@given(PARTS, PARTS)
def test_different_parts_have_different_names(one: Part, other: Part) -> None:
    assert (one.name == other.name) == (one == other)


@given(st.one_of(st.text(max_size=20), st.from_regex(r"[a-z]+(/\d+)?(@[a-z0-9]*)?(#\d*)?\n?")))
def test_what_is_read_is_named_the_same(name: str) -> None:
    try:
        part = Part.parse(name)
    except ValueError:
        return
    assert part.name == name


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("text", Part("text")),
        ("url", Part("url")),
        ("media/0", Part.media(0)),
        ("media/3@stored", Part.media(3, "stored")),
        ("media/0#12", Part.media(0, frame=12)),
        ("media/0@stored#12", Part.media(0, "stored", 12)),
        ("text/url/7", Part.text_link(7)),
        ("text/url/7/place", Part.text_link(7).beside),
        ("attributes/links/0", Part.attribute_link(0)),
        ("url/place", Part("url").beside),
    ],
)
def test_the_names_that_stored_items_carry(name: str, part: Part) -> None:
    """They stand in databases and in the answers of the API."""
    assert part.name == name
    assert Part.parse(name) == part


@pytest.mark.parametrize(
    "name", ["", "media/", "media/00", "media/0stored", "media/0@", "media/0#0"]
)
def test_no_part_is_named_like_that(name: str) -> None:
    with pytest.raises(ValueError, match="no part"):
        Part.parse(name)


def test_a_part_knows_what_it_is_a_view_of() -> None:
    part = Part.parse("media/2@stored#4")
    assert part.whole == "media/2"
    assert not part.is_face
    assert Part.parse(part.whole).is_face


def test_what_is_named_in_an_item_is_not_its_own() -> None:
    own = [Part("text"), Part("url"), Part.media(3), Part.media(0, "stored", 12)]
    named = [
        Part.text_link(0),
        Part.attribute_link(0),
        Part("url").beside,
        Part.text_link(0).beside,
    ]
    assert [part.is_own for part in (*own, *named)] == [True] * 4 + [False] * 4
    assert [part.is_face for part in (*own, *named)] == [True] * 3 + [False] * 5
    assert [part.in_text for part in (*own, *named)] == [None] * 4 + [0, None, None, 0]
