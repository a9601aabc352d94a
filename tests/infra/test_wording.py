"""What msgspec says is said in plain words, whatever it says."""

import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from tidegate.content.model import ItemIn
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import decode
from tidegate.infra.wording import TIME, Said, plainly, written

Moment = Annotated[datetime, Meta(tz=True)]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: Literal["small", "large"] | None = None
    need: int = 0


class Tagged(msgspec.Struct, tag="a"):
    pass


def told(type: Any, value: object) -> Said:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode(msgspec.json.encode(value), type=type)
    return plainly(str(error.value), type)


@pytest.mark.parametrize(
    ("type", "value", "expected", "got"),
    [
        (datetime, "yesterday", TIME, None),
        (Moment, "2026-01-01T00:00:00", TIME, None),
        (Annotated[datetime, Meta(tz=False)], "2026-01-01T00:00:00Z", "a time without an offset", None),
        (Moment, 5, TIME, "a whole number"),
        (date, "x", "a date, such as 2026-01-31", None),
        (time, "x", "a time of day, such as 12:00:00", None),
        (timedelta, "x", "an ISO 8601 duration, such as P30D", None),
        (UUID, "x", "a UUID", None),
        (bytes, "é", "base64", None),
        (Decimal, "x", "a decimal number", None),
        (str, 1, "text", "a whole number"),
        (int, "1", "a whole number", "text"),
        (int, 1.5, "a whole number", "a number"),
        (float, True, "a number", "true or false"),
        (bool, None, "true or false", "null"),
        (int | None, [], "a whole number or null", "an array"),
        (int | str | None, {}, "a whole number, text or null", "an object"),
        (list[int], 1, "an array", "a whole number"),
        (dict[str, int], 1, "an object", "a whole number"),
        (Annotated[str, Meta(min_length=1)], "", "text of at least 1 character", None),
        (Annotated[str, Meta(max_length=2)], "abc", "text of at most 2 characters", None),
        (Annotated[list[int], Meta(min_length=1)], [], "an array of at least 1 element", None),
        (Annotated[list[int], Meta(max_length=1)], [1, 2], "an array of at most 1 element", None),
        (Annotated[dict[str, int], Meta(max_length=1)], {"a": 1, "b": 2}, "an object of at most 1 member", None),
        (tuple[int, int], [1], "an array of exactly 2 elements", None),
        (Annotated[int, Meta(ge=3)], 1, "a whole number of at least 3", None),
        (Annotated[int, Meta(le=3)], 4, "a whole number of at most 3", None),
        (Annotated[float, Meta(gt=3)], 1.0, "a number of more than 3.0", None),
        (Annotated[int, Meta(multiple_of=3)], 4, "a multiple of 3", None),
        (Annotated[str, Meta(pattern="^[A-Z]{2}$")], "x", "two capital letters", None),
        (Annotated[str, Meta(pattern=r"^a+(?!\n)$")], "x", "text of the form a+", None),
        (Literal["a", "b"], "c", "one of a, b", "'c'"),
        (Literal[1, 2], 3, "one of 1, 2", "3"),
        (Colour, "green", "one of red, blue", "'green'"),
    ],
)  # fmt: skip
def test_a_message_is_said_in_plain_words(
    type: Any, value: object, expected: str, got: str | None
) -> None:
    assert told(type, value)[:2] == (expected, got)
    assert told(dict[str, type], {"x": value}) == (expected, got, "$[...]")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Integer value out of range - at `$.x`", "a whole number that is not so large"),
        ("Number out of range", "a number that is not so large"),
        ("Timestamp is out of range  - at `$.x`", "a time of the years 1 to 9999"),
        ("Expected `array` of at most length 3, got 4", "an array of at most 3 elements"),
        ("Expected `array` of length 1 to 3, got 4", "an array of 1 to 3 elements"),
        ("Expected `bytes` of length >= 3", "base64 of at least 3 bytes"),
        ("What nobody has seen `yet`", "What nobody has seen yet"),
    ],
)
def test_what_is_seldom_said_is_said_plainly_too(message: str, expected: str) -> None:
    assert plainly(message).expected == expected


def test_a_choice_inside_names_what_there_is() -> None:
    for type, value, path in (
        (Inner, {"size": "huge"}, "$.size"),
        (list[Inner], [{"size": "huge"}], "$[0].size"),
        (dict[str, list[Inner]], {"a": [{"size": "huge"}]}, "$[...][0].size"),
    ):
        assert told(type, value) == ("one of large, small", "'huge'", path)
    assert told(Inner, {"huge": 1})[0] == "no field huge"


def test_an_item_is_refused_in_plain_words() -> None:
    whole = {"id": "a", "surface": "post", "publicness": "public", "author": "a"}
    whole |= {"created_at": "2026-01-01T00:00:00Z", "text": "t"}
    for name, value, words in (
        ("created_at", "yesterday", f'/created_at: expected {TIME}, got "yesterday".'),
        ("created_at", "2026-01-01T00:00:00", f'expected {TIME}, got "2026-01-01T00:00:00".'),
        (
            "publicness",
            "secret",
            "/publicness: expected one of private, public, restricted, got 'secret'.",
        ),
        ("id", "", '/id: expected text of at least 1 character, got "".'),
        ("id", 7, "/id: expected text, got a whole number."),
        ("publicness", 3, "expected one of private, public, restricted, got a whole number."),
    ):
        with pytest.raises(Refusal) as refused:
            decode(msgspec.json.encode(whole | {name: value}), ItemIn)
        assert refused.value.detail.endswith(words), refused.value.detail
        assert "Invalid" not in refused.value.detail


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "text", "media", "created_at", "attributes", "publicness", "x"]), inner
    ),
    max_leaves=12,
))  # fmt: skip
def test_no_body_is_refused_in_the_librarys_words(value: object) -> None:
    told = ""
    try:
        decode(msgspec.json.encode(value), ItemIn)
    except Refusal as refusal:
        told = refusal.detail
    assert [word for word in ("Expected", "Invalid ", "`", "RFC3339") if word in told] == []


class Outer(msgspec.Struct, rename="camel"):
    first_name: str
    last_name: str
    inner: list["Needs"] = []
    any: Any = None


class Needs(msgspec.Struct):
    one: int
    two: int
    three: int = 3


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ("{}", ["/firstName", "/lastName"]),
        ('{"lastName": "x"}', ["/firstName"]),
        (
            '{"firstName": "x", "lastName": "x", "inner": [{"one": 1, "two": 2}, {}]}',
            ["/inner/1/one", "/inner/1/two"],
        ),
    ],
)
def test_all_that_is_missing_of_an_object_is_named_at_once(body: str, pointers: list[str]) -> None:
    with pytest.raises(Refusal) as refused:
        decode(body.encode(), Outer)
    assert [one.pointer for one in refused.value.errors] == pointers
    assert all(one in refused.value.detail for one in pointers)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"firstName": "a", "lastName": "b", "firstName": "c"}', "/firstName"),
        ('{"firstName": "a", "lastName": "b", "first\\u004eame": "c"}', "/firstName"),
        (
            '{"firstName": "a", "lastName": "b" , "any": [{"x": 1}, {"x" : {"y/z": 1, "y/z"\n: 2}}]}',
            "/any/1/x/y~1z",
        ),
        ('{"firstName": "a", "lastName": "b", "any": {"": 1, "": 1}}', "/any/"),
    ],
)
def test_a_name_that_comes_twice_is_refused_by_its_name(body: str, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(body.encode(), Outer)
    assert (refused.value.type, refused.value.status) == ("invalid-body", 422)
    assert [one.pointer for one in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    "words",
    ['{\\"a\\": 1, \\"a\\": 2}', '\\"firstName\\":', "\\\\", 'a: \\"lastName\\" : x'],
)
def test_a_text_may_quote_a_name_as_often_as_it_likes(words: str) -> None:
    body = '{"firstName": "%s", "any": [{"a": "%s"}, {"a": 1}], "lastName": "%s"}' % ((words,) * 3)
    assert decode(body.encode(), Outer).last_name == decode(body.encode(), Outer).any[0]["a"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"firstName": "\\ud83d", "lastName": "x"}', "/firstName"),
        ('{"firstName": "x", "lastName": "\\ude00 y"}', "/lastName"),
        ('{"firstName": "x", "any": [["\\ud83d\\n"]]}', "/any/0/0"),
        ('{"\\ud83d": "x"}', ""),
    ],
)
def test_half_a_character_is_refused_where_it_stands(body: str, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(body.encode(), Outer)
    (error,) = refused.value.errors
    assert (refused.value.status, error.pointer, error.got) == (422, pointer, "a lone surrogate")


@pytest.mark.parametrize(
    "nothing", ["", " \n", "\u200b", "\u3164\u3164", "\u2800", "\u115f", "\x07"]
)
def test_what_looks_like_nothing_is_no_word(nothing: str) -> None:
    assert written(nothing) == 0
    assert written(f"{nothing}a") == 1
