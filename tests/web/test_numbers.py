"""Numbers as forms and addresses have them: digits that everybody types, or none."""

import pytest
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.parsing import read_decimal, read_whole

NONE = [
    "",
    " 1",
    "1 ",
    "-0",
    "-1",
    "+1",
    "1_0",
    "٣",
    "１",
    "²",
    "1e1",
    "0x1",
    "nan",
    "inf",
    "1" * 10,
]


@pytest.mark.parametrize("text", [*NONE, "1.5", "1.0"])
def test_what_is_no_whole_number_is_none(text: str) -> None:
    assert read_whole(text) is None


@pytest.mark.parametrize("text", [*NONE, ".5", "5.", "1,5", "1.2.3", "1." + "0" * 10])
def test_what_is_no_decimal_number_is_none(text: str) -> None:
    assert read_decimal(text) is None


def test_numbers_are_read() -> None:
    assert [read_whole(one) for one in ("0", "007", "999999999")] == [0, 7, 999_999_999]
    assert [read_decimal(one) for one in ("0", "10", "0.5", "3.25")] == [0.0, 10.0, 0.5, 3.25]


@pytest.mark.parametrize("number", ["1_0", "٣", "-0", "1.0", "1e1"])
def test_an_address_takes_no_other_numbers(api: Api, number: str) -> None:
    person = Visitor(api.instance, api.client)
    assert person.get(f"/cases/{'0' * 8}.json", params={"looked": number}).status_code == 422
    assert api.get("/v1/cases", params={"limit": number}).status_code == 422


def test_nor_do_the_settings_of_a_person(api: Api) -> None:
    person = Visitor(api.instance, api.client)
    before = person.get("/me/settings.json").json()
    for number in ("٣", "1_0", "-0"):
        refused = person.send("/me/settings", {"only": "hide_from", "hide_from": number})
        assert refused.status_code == 422, number
    assert person.get("/me/settings.json").json() == before
