"""Banks and entries over HTTP, as a curator's client uses them."""

import json
from typing import Any

import pytest
from tests.api import Api, item


def test_what_an_entry_leaves_out_comes_from_its_bank(api: Api) -> None:
    bank: dict[str, Any] = {
        "labels": ["propaganda"],
        "provenance": {"source": "hotline"},
        "note": "seen in May",
    }
    assert api.bank(**bank).status_code == 201
    entry = api.entry("A sentence that the hotline sent on to us in the spring of that year")
    assert {name: entry[name] for name in bank} == bank

    own = {"labels": ["threat"], "provenance": None, "note": "seen again in June"}
    patched = api.call("PATCH", f"/v1/banks/known/entries/{entry['id']}", json=own).json()
    assert patched["labels"] == ["threat"]
    assert patched["note"] == "seen again in June"
    assert patched["provenance"] == {"source": "hotline"}


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_calendar_has_disables_nothing(api: Api, moment: str) -> None:
    api.bank()
    entry = api.entry("a text that a bank knows, of some words")["id"]
    until = {"enabled": False, "disabled_until": moment}
    for path in ("/v1/banks/known", f"/v1/banks/known/entries/{entry}"):
        refused = api.call("PATCH", path, json=until)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/disabled_until"
        assert api.get(path).json()["enabled"] is True


def test_a_provenance_is_a_word_and_no_archive(api: Api) -> None:
    api.bank("there", provenance={"list": "x" * 1000})
    long = {"list": "x" * (64 << 10)}
    entry = {"text": "a text that a bank knows, of some words", "provenance": long}
    for method, path, body in (
        ("POST", "/v1/banks", {"name": "new", "stance": "known", "provenance": long}),
        ("PATCH", "/v1/banks/there", {"provenance": long}),
        ("POST", "/v1/banks/there/entries", entry),
    ):
        refused = api.call(method, path, json=body)
        assert refused.status_code == 422, path
        assert refused.json()["errors"][0]["pointer"] == "/provenance"
    assert (api.count("banks"), api.count("entries")) == (1, 0)
    assert api.get("/v1/banks/there").json()["provenance"] == {"list": "x" * 1000}


@pytest.mark.parametrize("values", ["{}", "[]", "1", '"a"'])
def test_a_body_of_very_many_values_is_refused_before_they_are_made(api: Api, values: str) -> None:
    many = "[" + ",".join([values] * 300_000) + "]"
    bank = f'{{"name": "new", "stance": "known", "labels": {many}}}'
    said = json.dumps(item(media=[], attributes={})).replace('"media": []', f'"media": {many}')
    nested = json.dumps(item(attributes={})).replace(
        '"attributes": {}', f'"attributes": {{"a": {many}}}'
    )
    for path, body in (("/v1/banks", bank), ("/v1/items", said), ("/v1/items", nested)):
        headers = {"content-type": "application/json"}
        refused = api.call("POST", path, content=body.encode(), headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (413, "/problems/too-many-values")
    assert (api.count("banks"), api.count("items")) == (0, 0)
    # Commas in a text are many values to a quick look, and few enough.
    assert api.submit(text="a, " * 66_000).status_code == 200
