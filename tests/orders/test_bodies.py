"""The bodies of all messages: what each must have, and that a fault is told and never raised."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orders.papers import BODIES, order

from tidegate.infra.times import told
from tidegate.orders.bodies import KINDS, OrderCopy, ReferralAnswered, read_body

# Of a referral's answers the reason may be missing where nothing was kept; of a copy, section D.
OPTIONAL = {("order.issued", "cross_border"), ("order.copy", "cross_border")}
PARTS = [(type, name) for type, body in BODIES.items() for name in body]


def test_every_type_has_an_example() -> None:
    assert set(BODIES) == set(KINDS)


@pytest.mark.parametrize("type", KINDS)
def test_a_body_is_read_without_a_fault(type: str) -> None:
    read, errors = read_body(type, BODIES[type])

    assert errors == []
    assert isinstance(read, KINDS[type].body)
    again, _ = read_body(type, msgspec.json.decode(msgspec.json.encode(told(read))))
    assert again == read


@pytest.mark.parametrize(("type", "name"), PARTS)
def test_a_field_that_is_missing_is_named(type: str, name: str) -> None:
    body = {key: one for key, one in BODIES[type].items() if key != name}
    expected = [] if (type, name) in OPTIONAL else [f"/{name}"]
    assert [error.pointer for error in read_body(type, body)[1]] == expected


@pytest.mark.parametrize(("type", "name"), PARTS)
def test_a_field_that_is_another_kind_of_value_is_named(type: str, name: str) -> None:
    found = [error.pointer for error in read_body(type, BODIES[type] | {name: 5})[1]]
    assert found == [f"/{name}"]


@pytest.mark.parametrize("type", KINDS)
def test_fields_of_a_later_version_are_let_be(type: str) -> None:
    read, errors = read_body(type, BODIES[type] | {"later": {"a": 1}})
    assert (read, errors) == (read_body(type, BODIES[type])[0], [])


def test_what_is_kept_needs_a_reason_and_nothing_else_does() -> None:
    def faults(**answer: Any) -> list[str]:
        body = {"answers": [{"url": "https://forum.example/1"} | answer]}
        return [error.pointer for error in read_body("referral.answered", body)[1]]

    assert faults(outcome="kept") == ["/answers/0/reason"]
    assert faults(outcome="kept", reason=" ") == ["/answers/0/reason"]
    assert faults(outcome="kept", reason="News.") == []
    for outcome in ("removed", "restricted", "not_found", "already_gone"):
        assert faults(outcome=outcome) == []
    assert faults(outcome="ignored") == ["/answers/0/outcome"]


def test_a_copy_is_an_order_with_the_message_that_it_is_of() -> None:
    copy, errors = read_body("order.copy", order(jws="{}", types=[], reasons="No."))

    assert isinstance(copy, OrderCopy)
    assert copy.jws == "{}"
    assert sorted(error.pointer for error in errors) == ["/reasons", "/types"]


@given(
    st.sampled_from(list(KINDS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    ),
)
def test_anything_is_read_and_told(type: str, value: object) -> None:
    read, errors = read_body(type, value)

    assert isinstance(read, KINDS[type].body)
    told(read)
    assert errors or isinstance(value, dict)


def test_of_a_hundred_thousand_answers_a_thousand_are_read() -> None:
    answers = [{"url": f"https://forum.example/{n}", "outcome": "removed"} for n in range(100_000)]
    read, errors = read_body("referral.answered", {"answers": answers})

    assert isinstance(read, ReferralAnswered)
    assert len(read.answers) == 1000
    assert [(one.pointer, one.got) for one in errors] == [("/answers", "100000")]
