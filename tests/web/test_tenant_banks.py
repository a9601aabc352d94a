"""Banks of one platform: what they match, and who reads and changes them."""

from typing import Any

import pytest
from tests.api import Api, item
from tests.pipeline.posts import work_off
from tests.web.visitor import Visitor

from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.signals.banks import snapshot

KNOWN = "bring your weapons to the square tomorrow, brothers, and leave nobody standing"
PHRASE = {"kind": "phrase", "value": "leave nobody standing", "confirmed": True}


@pytest.fixture
def of_a(api: Api) -> str:
    """An unbound curator's bank for platform a, with an entry for KNOWN."""
    made = api.bank("of-a", platform="a")
    assert (made.status_code, made.json()["platform"]) == (201, "a")
    return api.entry(KNOWN, "of-a")["id"]


def matches(api: Api, platform: str, id: str = "post-1", text: str = KNOWN) -> set[str]:
    """The banks that an item of the platform matches."""
    answer = api.submit(id, platform=platform, text=text).json()
    return {match["bank"] for match in answer["evaluation"]["matches"]}


def seen(api: Api, platform: str, id: str) -> list[tuple[str, str]]:
    """The looks at an item, with what they said."""
    record = api.get(f"/v1/items/{id}?platform={platform}").json()
    return [(one["stage"], one["verdict"]) for one in record["evaluations"]]


def test_a_bank_of_one_platform_matches_that_ones_items_alone(api: Api, of_a: str) -> None:
    assert matches(api, "a") == {"of-a"}
    assert matches(api, "b") == matches(api, "default") == set()
    api.bank("everybodys")
    api.entry(KNOWN, "everybodys")
    assert matches(api, "a", "post-2") == {"of-a", "everybodys"}
    assert matches(api, "b", "post-2") == {"everybodys"}


def test_an_allow_bank_of_one_platform_speaks_for_nobody_else(api: Api) -> None:
    api.bank("everybodys")
    api.entry(KNOWN, "everybodys")
    api.bank("fine-at-a", "allow", platform="a")
    api.entry(KNOWN, "fine-at-a")
    assert api.submit(platform="a", text=KNOWN).json()["verdict"] == "pass"
    assert api.submit(platform="b", text=KNOWN).json()["verdict"] == "restrict"


def test_the_look_back_of_its_entries_finds_that_ones_items_alone(api: Api) -> None:
    instance = api.instance
    for platform in "ab":
        assert matches(api, platform) == set()
    api.bank("of-a", platform="a")
    api.entry(KNOWN, "of-a")
    assert work_off(LookBack(instance)) == 1
    assert api.post("/v1/banks/of-a/entries", PHRASE).status_code == 201
    looker, walker = LookBack(instance), PhraseWalk(instance)
    while any([looker.step(), walker.step()]):
        pass
    assert seen(api, "a", "post-1")[1:] == [("retro", "restrict"), ("retro", "restrict")]
    assert seen(api, "b", "post-1") == [("fast", "pass")]


def test_copies_in_one_platforms_bank_crowd_out_nothing_of_others(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST_MATCHES", 3)
    api.bank("of-a", platform="a")
    for _ in range(5):
        api.entry(KNOWN, "of-a")
    api.bank("everybodys")
    api.entry(KNOWN, "everybodys")
    assert matches(api, "b") == {"everybodys"}
    answer = api.submit(platform="a", text=KNOWN).json()
    by_kind: dict[str, int] = {}
    for match in answer["evaluation"]["matches"]:
        by_kind[match["kind"]] = by_kind.get(match["kind"], 0) + 1
    assert set(by_kind.values()) == {3}


def test_a_bound_key_reads_everybodys_banks_and_changes_its_own(api: Api, of_a: str) -> None:
    api.bank("everybodys")
    shared = api.entry("what everybody knows", "everybodys")["id"]
    api.bank("of-b", platform="b")
    key = api.key("banks:write", name="curator of a", platform="a")

    def send(method: str, path: str, json: Any = None) -> tuple[int, str]:
        answer = api.call(method, f"/v1/banks{path}", key, json=json)
        said = answer.json() if answer.content else {}
        return answer.status_code, said.get("type", "").rpartition("/")[2]

    banks = api.get("/v1/banks", key=key).json()["data"]
    assert [(one["name"], one["platform"]) for one in banks] == [
        ("everybodys", None),
        ("of-a", "a"),
    ]
    assert send("GET", f"/everybodys/entries/{shared}") == (200, "")
    refused = 403, "platform-bound"
    assert send("PATCH", "/everybodys", {"enabled": False}) == refused
    assert send("POST", "/everybodys/entries", {"text": "mine"}) == refused
    assert send("POST", f"/everybodys/entries/{shared}/refute") == refused
    assert send("DELETE", f"/everybodys/entries/{shared}") == refused
    assert send("GET", "/of-b") == send("DELETE", "/of-b") == (404, "bank-unknown")
    assert send("POST", "/of-b/entries", {"text": "mine"}) == (404, "bank-unknown")
    assert send("POST", f"/of-a/entries/{of_a}/refute") == (200, "")
    assert send("PATCH", "/of-a", {"note": "ours"}) == (200, "")
    assert send("PATCH", "/of-a", {"platform": None}) == (422, "invalid-body")
    assert send("POST", "", {"name": "new", "stance": "known"}) == (201, "")
    assert send("POST", "", {"name": "other", "stance": "known", "platform": "b"}) == refused
    assert api.get("/v1/banks/new").json()["platform"] == "a"
    assert send("DELETE", "/new") == (204, "")
    with api.instance.database.begin() as tx:
        told = tx.connection.exec_driver_sql(
            "SELECT kind, platform FROM ledger_pending WHERE kind ~ '^(bank|entry)' ORDER BY id"
        ).all()
    assert {kind for kind, platform in told if platform is None} == {"bank.created", "entry.added"}
    assert {kind for kind, platform in told if platform == "a"} == {
        *("bank.created", "bank.changed", "bank.deleted"),
        *("entry.added", "entry.refuted"),
    }


def test_who_decides_a_bound_case_judges_entries_of_their_own_banks(api: Api, of_a: str) -> None:
    """In the case of an item: what is everybody's stays as it is, and nothing of the decision is kept."""
    api.bank("everybodys")
    text = "what everybody knows, and what nobody has confirmed so far"
    shared = api.entry(text, "everybodys", confirmed=False)["id"]
    mine = api.entry("what only a knows, and has not confirmed so far", "of-a", confirmed=False)[
        "id"
    ]
    key = api.key("admin", name="reviewer of a", platform="a")
    decision = {"outcome": "pass", "reason": "fine", "entry": "refute"}
    case = api.submit(platform="a", text=text).json()["case"]
    before = api.count("decisions"), api.count("ledger_pending")
    refused = api.post(f"/v1/cases/{case}/decide", decision, key=key)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/platform-bound")
    assert (api.count("decisions"), api.count("ledger_pending")) == before
    assert api.get(f"/v1/banks/everybodys/entries/{shared}").json()["state"] == "unconfirmed"
    own = "what only a knows, and has not confirmed so far"
    case = api.submit("post-2", platform="a", text=own).json()["case"]
    assert api.post(f"/v1/cases/{case}/decide", decision, key=key).status_code == 200
    assert api.get(f"/v1/banks/of-a/entries/{mine}").json()["state"] == "refuted"


def test_the_case_of_a_quarantined_entry_is_its_banks_platforms(api: Api) -> None:
    for bank, platform, site in (("of-a", "a", "a.example"), ("everybodys", None, "all.example")):
        api.bank(bank, platform=platform)
        body = {"kind": "domain", "value": site, "confirmed": True}
        assert api.post(f"/v1/banks/{bank}/entries", body).status_code == 201
    for number in range(51):
        for site in ("a.example", "all.example"):
            said = item(f"{site}-{number}", url=f"https://{site}/{number}", author=f"{number}")
            assert api.post("/v1/items", said | {"platform": "a"}).status_code == 200
    found = {platform: cases(api, platform) for platform in (None, "a", "b")}
    told = {
        whose: sorted((one["match"]["bank"], one["platform"]) for one in waiting)
        for whose, waiting in found.items()
    }
    assert told == {None: [("everybodys", None), ("of-a", "a")], "a": [("of-a", "a")], "b": []}
    (case,) = found["a"]
    key = api.key("admin", name="judge of a", platform="a")
    detail = api.get(f"/v1/cases/{case['id']}", key=key).json()
    assert len(detail["events"][-1]["detail"]["items"]) == 10
    decision = {"outcome": "pass", "reason": "ours", "entry": "confirm"}
    assert api.post(f"/v1/cases/{case['id']}/decide", decision, key=key).status_code == 200
    worked = "SELECT DISTINCT platform FROM ledger_pending WHERE kind = 'case.worked'"
    with api.instance.database.begin() as tx:
        assert tx.connection.exec_driver_sql(worked).scalars().all() == ["a"]


def cases(api: Api, platform: str | None) -> list[dict[str, Any]]:
    key = api.key("cases:read", name=f"reader of {platform}", platform=platform)
    return api.get("/v1/cases?queue=entries&state=waiting", key=key).json()["data"]


def test_the_pages_show_and_take_a_banks_platform(api: Api, of_a: str) -> None:
    person = Visitor(api.instance, api.client)
    form = {"name": "by-hand", "stance": "known", "platform": "a", "labels": "", "note": ""}
    assert person.send("/banks", form).status_code == 303
    assert "for <bdi data-content>a</bdi> alone" in person.get("/banks/by-hand").text
    assert api.get("/v1/banks/by-hand").json()["platform"] == "a"
    found = person.send("/search", {"text": KNOWN}).text
    assert "of-a" in found
