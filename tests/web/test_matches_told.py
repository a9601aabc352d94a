"""A match in an answer says what the rules saw of it, and to who may read banks what is known of its
entry."""

from typing import Any

import pytest
from tests.api import Api, item

KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"
OF_BANK = {"list": "of a partner"}


@pytest.fixture
def entry(api: Api) -> str:
    """An entry with a note of its own; where it comes from is said of its bank."""
    api.bank(provenance=OF_BANK, note="from the bank")
    body = {"text": KNOWN, "note": "seen in May"}
    return api.post("/v1/banks/known/entries", body).json()["id"]


def lines(api: Api, key: str) -> list[dict[str, Any]]:
    """The matches of `post-1`, wherever an answer shows them to this key."""
    case = api.get("/v1/cases", key=key).json()["data"][0]
    detail = api.get(f"/v1/cases/{case['id']}", key=key).json()
    claimed = api.post(f"/v1/cases/{case['id']}/claim", key=key).json()
    record = api.get("/v1/items/post-1", key=key).json()
    found = [case["match"], detail["match"], claimed["match"]]
    for one in (*detail["evaluations"], *claimed["evaluations"], *record["evaluations"]):
        found += one["matches"]
    return found


def test_a_match_says_what_the_rules_saw(api: Api, entry: str) -> None:
    (first,) = api.submit(text=KNOWN).json()["evaluation"]["matches"][:1]
    assert (first["exact"], first["allowed"]) == (True, False)
    near = api.submit("near", text=f"{KNOWN} of them").json()
    assert [one["exact"] for one in near["evaluation"]["matches"]] == [False]
    api.bank("fine", "allow")
    api.entry(KNOWN, "fine")
    found = api.submit("allowed", text=KNOWN).json()["evaluation"]["matches"]
    allowed = {one["bank"]: one["allowed"] for one in found if one["kind"] == "text_sha256"}
    assert allowed == {"known": True, "fine": False}


def test_who_may_read_banks_is_told_of_the_entry_and_others_are_not(api: Api, entry: str) -> None:
    post = item(text=KNOWN)
    scopes = ("items:write", "items:read", "cases:decide")
    reads, not_ = api.key(*scopes, "banks:read"), api.key(*scopes)
    told = api.post("/v1/items", post, key=reads)
    matches = told.json()["evaluation"]["matches"]
    assert matches
    for one in (*matches, *lines(api, reads)):
        assert (one["provenance"], one["note"]) == (OF_BANK, "seen in May")
    # Sent again it is answered alike; to another key the answer from store tells no more either.
    assert api.post("/v1/items", post, key=reads).content == told.content
    again = api.post("/v1/items", post, key=not_).json()["evaluation"]["matches"]
    api.post(f"/v1/cases/{told.json()['case']}/release", key=reads)
    for one in (*again, *lines(api, not_)):
        assert {"provenance", "note"} & set(one) == set()
    plain = [{n: one[n] for n in one if n not in ("provenance", "note")} for one in matches]
    assert again == plain


def test_the_lines_of_a_batch_tell_the_same(api: Api, entry: str) -> None:
    single = api.submit(text=KNOWN).json()
    headers = {"Content-Type": "application/x-ndjson"}
    line = api.client.post(
        "/v1/items/batch",
        content=api.client.build_request("POST", "/", json=item(text=KNOWN)).content,
        headers=headers | {"Authorization": f"Bearer {api.admin}"},
    ).json()
    assert line["item"] == single


def test_of_an_entry_that_is_gone_nothing_is_told(api: Api, entry: str) -> None:
    api.submit(text=KNOWN)
    assert api.call("DELETE", f"/v1/banks/known/entries/{entry}").status_code == 204
    for one in lines(api, api.admin):
        assert (one["provenance"], one["note"]) == (None, None)
