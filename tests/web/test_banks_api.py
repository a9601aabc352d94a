"""Banks and entries over HTTP, as a curator's client uses them."""

from typing import Any

from tests.api import Api


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
