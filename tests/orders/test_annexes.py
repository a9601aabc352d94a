"""Annex I is read as far as it can be, and every field of it that is missing or wrong is named by its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orders.papers import HOST, REASONS, order

from tidegate.infra.times import told
from tidegate.orders.annex_rules import (
    check_annex1,
    is_exact,
    read_annex1,
    silence_ends,
    unknown_hosts,
)
from tidegate.orders.annexes import (
    Addressee,
    Annex1,
    AnnexIn,
    Executed,
    Redress,
    Signatory,
    annex2,
    annex3,
    as_json,
    derive,
    issue,
)

DECIDED = datetime(2026, 10, 1, 10, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)


def places(value: object, zone: str = "UTC") -> list[str]:
    return [error.pointer for error in read_annex1(value, zone=zone)[1]]


def silent(**until: Any) -> dict[str, Any]:
    times = {
        "decided_at": DECIDED.isoformat(),
        "until": (DECIDED + timedelta(**until)).isoformat(),
    }
    return order(non_disclosure={"reason": "Arrests are prepared.", **times})


def test_a_complete_order_is_read_to_the_letter() -> None:
    annex, errors = read_annex1(order())

    assert errors == []
    assert msgspec.json.decode(as_json(annex)) == order()


def fields(value: Any, pointer: str = "") -> list[str]:
    """Each place of a document but the elements of its lists of texts."""
    found: list[str] = []
    for name, one in value.items():
        found.append(f"{pointer}/{name}")
        if isinstance(one, dict):
            found += fields(one, f"{pointer}/{name}")
    return found


def without(value: dict[str, Any], pointer: str) -> dict[str, Any]:
    name, _, rest = pointer[1:].partition("/")
    if rest:
        return value | {name: without(value[name], f"/{rest}")}
    return {key: one for key, one in value.items() if key != name}


REQUIRED = [one for one in fields(order()) if not one.startswith("/cross_border")]


@pytest.mark.parametrize("place", REQUIRED)
def test_each_field_that_is_missing_is_named(place: str) -> None:
    assert places(without(order(), place)) == [place]


def put(pointer: str, value: object) -> dict[str, Any]:
    def within(held: dict[str, Any], steps: list[str]) -> dict[str, Any]:
        name, *rest = steps
        return held | {name: within(held[name], rest) if rest else value}

    return within(order(), pointer[1:].split("/"))


@pytest.mark.parametrize("value", [7, True, None, [], {}, "\u200b\u2800", ""])
@pytest.mark.parametrize("place", [one for one in REQUIRED if one != "/types"])
def test_what_is_no_value_for_a_field_is_named(place: str, value: object) -> None:
    found = places(put(place, value))

    assert found
    assert all(one == place or one.startswith(f"{place}/") for one in found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"items": []}, ["/items"]),
        ({"items": [{"url": f"https://{HOST}/{n}"} for n in range(1001)]}, ["/items"]),
        ({"items": [{"url": f"https://{HOST}/1"}, {"url": "t/1"}]}, ["/items/1/url"]),
        ({"items": [{"url": f"https://{HOST}/1", "sha256": ["AB"]}]}, ["/items/0/sha256/0"]),
        ({"types": []}, ["/types"]),
        ({"types": ["a", "f"]}, ["/types/1"]),
        ({"reasons": "Too short."}, ["/reasons"]),
        ({"reasons": " " * 60 + "Too short."}, ["/reasons"]),
        ({"reasons": "x" * 10_001}, ["/reasons"]),
        ({"issued_at": "2026-11-30T02:13:00"}, ["/issued_at"]),
        ({"issued_at": "0001-01-01T00:00:00+14:00"}, ["/issued_at"]),
        ({"non_disclosure": 5}, ["/non_disclosure"]),
    ],
)
def test_what_is_out_of_bounds_is_named(changes: dict[str, Any], expected: list[str]) -> None:
    assert places(order(**changes)) == expected


def test_a_thousand_items_are_complete() -> None:
    assert places(order(items=[{"url": f"https://{HOST}/{n}"} for n in range(1000)])) == []


def test_what_can_be_read_of_a_faulty_order_is_there() -> None:
    items = [{"url": 5}, {"url": f"https://{HOST}/t/2"}, "x"]
    annex, _ = read_annex1(order(items=items, reasons="Too short.", issuing=None, types=["a", "z"]))

    assert [item.url for item in annex.items] == ["", f"https://{HOST}/t/2", ""]
    assert annex.reasons == "Too short."
    assert annex.types == ["a", "z"]
    assert annex.issuing.name == ""


def test_a_decision_that_cannot_be_read_still_keeps_the_author_from_being_told() -> None:
    annex, _ = read_annex1(order(non_disclosure="until Christmas"))

    assert annex.non_disclosure is not None
    assert annex.non_disclosure.until is None


@given(JSON, st.sampled_from(["", *fields(order())]))
def test_anything_is_read_and_its_faults_are_told(value: object, place: str) -> None:
    annex, errors = read_annex1(put(place, value) if place else value)

    again, more = read_annex1(msgspec.json.decode(msgspec.json.encode(told(annex))))
    if not errors:
        assert (again, more) == (annex, [])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://forum.example/1",
        "forum.example/1",
        "//forum.example/1",
        "https://",
        "https:///t/1",
        "https://*.forum.example/1",
        "https://someone@forum.example/1",
        "https://forum.example/a b",
        "https://forum.example/1\n",
        "https://forum.example/1 and all others",
        "javascript:alert(1)",
        "https://forum.example:99999/",
    ],
)
def test_an_address_that_is_not_exact_is_refused(url: str) -> None:
    assert not is_exact(url)
    assert places(order(items=[{"url": url}])) == ["/items/0/url"]


@pytest.mark.parametrize(
    "url",
    [
        "https://forum.example/t/1?page=2#post-9",
        "HTTP://Forum.Example:8080/",
        "https://xn--bcher-kva.example/ü/%20",
        "https://[2001:db8::1]/1",
        "https://forum.example/" + "a" * 2000,
    ],
)
def test_an_exact_address_is_taken_as_it_is(url: str) -> None:
    annex, errors = read_annex1(order(items=[{"url": url}]))

    assert errors == []
    assert annex.items[0].url == url


def test_addresses_of_other_hosts_are_told_one_by_one_and_are_no_fault() -> None:
    urls = ["https://FORUM.example:444/1", "https://other.example/1", "http://bücher.example./x"]
    annex, errors = read_annex1(order(items=[{"url": url} for url in urls]))

    assert errors == []
    assert unknown_hosts(annex, ["forum.example", "xn--bcher-kva.example"]) == [2]
    assert unknown_hosts(annex, []) == [1, 2, 3]


def test_non_disclosure_ends_after_six_weeks_at_the_latest() -> None:
    assert places(silent(weeks=6)) == []
    assert places(silent(weeks=6, microseconds=1)) == ["/non_disclosure/until"]
    assert places(silent(seconds=0)) == ["/non_disclosure/until"]


def test_six_weeks_are_the_same_time_of_day_where_the_authority_is() -> None:
    # In Berlin an hour is gained on 25 October 2026.
    assert silence_ends(DECIDED, "Europe/Berlin") == DECIDED + timedelta(weeks=6, hours=1)
    assert places(silent(weeks=6, hours=1), zone="Europe/Berlin") == []
    assert places(silent(weeks=6, hours=1)) == ["/non_disclosure/until"]


def test_an_addressee_in_another_state_needs_section_d() -> None:
    elsewhere = put("/addressee/member_state", "IE")

    assert places(elsewhere) == ["/cross_border/applies"]
    assert places(elsewhere | {"cross_border": {"applies": True}}) == ["/cross_border/copy_to"]
    assert places(elsewhere | {"cross_border": {"applies": True, "copy_to": "Garda"}}) == []
    assert places(without(order(), "/cross_border")) == []


@pytest.mark.parametrize("state", ["XX", "GB", "de", "EL", "DEU"])
def test_a_state_is_one_of_the_union(state: str) -> None:
    assert places(put("/issuing/member_state", state))[0] == "/issuing/member_state"


def drafted(**changes: Any) -> AnnexIn:
    said = order()
    issuing = without(said["issuing"], "/member_state")
    names = ("items", "types", "reasons")
    given = {"issuing": issuing, **{name: said[name] for name in names}, **changes}
    return msgspec.convert(given, AnnexIn)


def derived(state: str = "DE", given: AnnexIn | None = None) -> Annex1:
    return derive(
        given or drafted(),
        member_state="DE",
        addressee=Addressee("Forum Example", "law@forum.example", state),
        establishment="Garda" if state == "IE" else None,
        establishment_contact="tco@garda.example" if state == "IE" else None,
        redress=Redress("Administrative court", "One month", "https://law.example/74"),
    )


def test_what_a_drafter_does_not_give_is_derived() -> None:
    issued = issue(derived(), at=datetime.fromisoformat(order()["issued_at"]), reference="2026-17")

    assert msgspec.json.decode(as_json(issued)) == order()
    assert check_annex1(issued) == []


def test_an_order_across_a_border_names_who_gets_the_copy() -> None:
    annex = derived("IE")

    assert told(annex.cross_border) == {"applies": True, "copy_to": "Garda"}
    assert annex.followup.establishment == "tco@garda.example"
    assert check_annex1(annex) == []


def test_what_a_drafter_gives_takes_the_place_of_what_is_derived() -> None:
    own = {"body": "A court", "deadline": "Two weeks", "law_url": "https://law.example/2"}
    annex = derived(given=drafted(redress=own, followup="by telephone", legal_representative="C"))

    assert told(annex.redress) == own
    assert annex.followup.issuing == "by telephone"
    assert annex.addressee.legal_representative == "C"


def test_a_draft_without_redress_is_not_complete() -> None:
    annex = derive(
        drafted(),
        member_state="DE",
        addressee=Addressee("Forum Example", "law@forum.example", "DE"),
        establishment=None,
        establishment_contact=None,
        redress=None,
    )

    found = [error.pointer for error in check_annex1(annex)]
    assert found == ["/redress/body", "/redress/deadline", "/redress/law_url"]


def test_reasons_that_are_only_templates_are_none() -> None:
    templates = ["The material incites to terrorist offences.", "It is available to the public."]
    only = "The material   INCITES to terrorist offences. It is available to the public. Thus."

    def told_of(reasons: str) -> list[str]:
        annex = derived(given=drafted(reasons=reasons))
        return [error.pointer for error in check_annex1(annex, templates=templates)]

    assert told_of(only) == ["/reasons"]
    assert told_of(f"{only} {REASONS}") == []


def test_the_answers_take_their_names_and_references_from_the_order() -> None:
    annex, _ = read_annex1(order())
    at = datetime(2026, 11, 30, 2, 40, tzinfo=UTC)
    said: dict[str, Any] = {"own_reference": "F-1", "received_at": at}
    said["signatory"] = Signatory("B", "Legal", "l@f")
    url = annex.items[0].url

    second = told(annex2(annex, [Executed(url, "removed", at)], **said))
    third = told(annex3(annex, ["impossible"], "The storage is away.", urls=[url], **said))

    for one in (second, third):
        assert one["authority_reference"] == "2026-17"
        assert one["addressee"] == "Forum Example"
        assert one["authority"] == "Authority of Example"
        assert one["received_at"] == "2026-11-30T02:40:00.000000Z"
    assert second["items"] == [{"url": url, "measure": "removed", "at": second["received_at"]}]
    assert third["items"] == [{"url": url}]
    assert "clarification" not in third
