"""A bank's entries as a list: narrowed by the address, a page at a time, both ways."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.signals.banks.listing import fill_kinds
from tidegate.signals.banks.tables import entries

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"


@pytest.fixture
def curator(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "curator")


def listed(person: Visitor, **query: str) -> dict[str, Any]:
    answer = person.get("/banks/known.json", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(person: Visitor, **query: str) -> list[str]:
    return [one["id"] for one in listed(person, **query)["entries"]]


def fill(api: Api, clock: FakeClock, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Entries of several states, kinds, labels and makers, the newest first."""
    chosen = random.Random(seed)
    api.bank(labels=["propaganda"])
    keys = [api.admin, api.key("banks:write", name="importer")]
    made: list[dict[str, Any]] = []
    for number in range(count):
        clock.advance(60)
        body: dict[str, Any] = chosen.choice(
            [
                {"text": f"{KNOWN} number {number} of them all"},
                {"url": f"https://example.org/page/{number}"},
                {"kind": "sha256", "value": f"{number:064x}"},
            ]
        )
        if chosen.random() < 0.4:
            body["labels"] = [chosen.choice(["threat", "propaganda"])]
        body["confirmed"] = chosen.random() < 0.5
        answer = api.post("/v1/banks/known/entries", body, key=chosen.choice(keys))
        assert answer.status_code == 201, answer.text
        entry = answer.json()
        path = f"/v1/banks/known/entries/{entry['id']}"
        if chosen.random() < 0.2:
            entry = api.post(f"{path}/refute").json()
        if chosen.random() < 0.2:
            entry = api.call("PATCH", path, json={"enabled": False}).json()
        made.append(entry)
    return made[::-1]


def test_each_part_of_the_filter_and_all_of_them_together(
    api: Api, curator: Visitor, clock: FakeClock
) -> None:
    made = fill(api, clock, 40)
    middle = made[20]["created_at"]
    parts: dict[tuple[str, str], Callable[[dict[str, Any]], bool]] = {
        ("state", "confirmed"): lambda one: one["state"] == "confirmed",
        ("state", "disabled"): lambda one: not one["enabled"],
        ("kind", "sha256"): lambda one: any(f["kind"] == "sha256" for f in one["fingerprints"]),
        ("label", "propaganda"): lambda one: "propaganda" in one["labels"],
        ("label", "threat"): lambda one: "threat" in one["labels"],
        ("by", "key:importer"): lambda one: one["created_by"] == "key:importer",
        ("since", middle): lambda one: one["created_at"] >= middle,
    }
    for (name, value), passes in parts.items():
        expected = [one["id"] for one in made if passes(one)]
        assert 0 < len(expected) < len(made), name
        found = listed(curator, **{name: value})
        assert [one["id"] for one in found["entries"]] == expected, name
        assert (found["total"], found["more"]) == (len(expected), False)
        assert found["filters"] == {name: value}
    both = {"state": "confirmed", "label": "propaganda", "since": middle}
    expected = [
        one["id"]
        for one in made
        if all(passes(one) for (name, value), passes in parts.items() if both.get(name) == value)
    ]
    assert ids(curator, **both) == expected


def test_pages_go_both_ways_and_lose_nothing(api: Api, curator: Visitor, clock: FakeClock) -> None:
    api.bank()
    with api.instance.database.begin() as tx:
        tx.execute(
            sa.text(
                "INSERT INTO entries (id, bank_id, state, enabled, fingerprints, kinds, digest, version,"
                " created_by, created_at) SELECT gen_random_uuid(), banks.id, 'unconfirmed', true,"
                " '\\x90'::bytea, '{}', decode(lpad(to_hex(n), 32, '0'), 'hex'), 0, 'system:test', now()"
                " FROM banks, generate_series(1, 110) AS n"
            )
        )
        expected = [
            str(one)
            for one in tx.execute(sa.select(entries.c.id).order_by(entries.c.id.desc())).scalars()
        ]
    pages: list[dict[str, Any]] = [listed(curator)]
    while pages[-1]["next"]:
        pages.append(listed(curator, cursor=pages[-1]["next"]))
    assert [one["id"] for page in pages for one in page["entries"]] == expected
    assert [len(page["entries"]) for page in pages] == [48, 48, 14]
    assert pages[0]["previous"] is None
    back = [listed(curator, cursor=pages[2]["previous"])]
    back.append(listed(curator, cursor=back[0]["previous"]))
    assert [page["entries"] for page in back] == [pages[1]["entries"], pages[0]["entries"]]
    assert back[1]["previous"] is None
    shown = curator.get("/banks/known", params={"cursor": pages[0]["next"]}).text
    assert 'rel="prev"' in shown
    assert 'rel="next"' in shown


def test_an_entry_is_found_by_what_it_is(api: Api, curator: Visitor, clock: FakeClock) -> None:
    made = {
        kind: entry for entry in fill(api, clock, 12) for kind in [entry["fingerprints"][0]["kind"]]
    }
    some = next(one for one in made.values() if one["enabled"] and one["state"] != "refuted")
    assert ids(curator, q=some["id"]) == [some["id"]]
    clock.advance(1)
    text = api.entry("the very words of something that is known, whatever came of it")
    assert ids(curator, q=text["text"]) == [text["id"]]
    page = api.post("/v1/banks/known/entries", {"url": "https://example.net/a?x=1"}).json()
    assert ids(curator, q="https://example.net/a?x=1") == [page["id"]]
    code = api.post("/v1/banks/known/entries", {"kind": "sha256", "value": "ab" * 32}).json()
    assert ids(curator, q="ab" * 32) == [code["id"]]
    assert ids(curator, q="cd" * 32) == []
    assert ids(curator, q="nothing of the kind is known") == []


def test_people_are_found_by_their_names_alone(api: Api, curator: Visitor) -> None:
    api.bank()
    curator.send("/banks/known/entries", {"text": KNOWN})
    name = curator.email.split("@")[0]
    assert len(ids(curator, by=name)) == 1
    assert ids(curator, by=f"user:{curator.email}") == []
    assert len(ids(curator, by="me")) == 1
    assert ids(Visitor(api.instance, api.client, "senior"), by="me") == []
    shown = curator.get("/banks/known", params={"by": name, "state": "unconfirmed"}).text
    assert shown.count('data-testid="filter-chip"') == 2
    assert 'href="/banks/known?by=curator"' in shown
    assert 'href="/banks/known?state=unconfirmed"' in shown


@pytest.mark.parametrize(
    "query", [{"state": "open"}, {"kind": "sha-3"}, {"since": "soon"}, {"cursor": "x"}, {"of": "a"}]
)
def test_what_is_no_filter_is_refused(api: Api, curator: Visitor, query: dict[str, str]) -> None:
    api.bank()
    assert curator.get("/banks/known", params=query).status_code == 422
    assert curator.get("/banks/known.json", params=query).status_code == 422


def test_kinds_of_entries_of_before_are_read_in_the_background(api: Api, curator: Visitor) -> None:
    api.bank()
    made = api.entry(KNOWN)
    with api.instance.database.begin() as tx:
        tx.execute(sa.update(entries).where(entries.c.id == UUID(made["id"])).values(kinds=None))
    assert ids(curator, kind="text_sha256") == []
    with api.instance.database.begin() as tx:
        assert fill_kinds(tx) == 1
        assert fill_kinds(tx) == 0
    assert ids(curator, kind="text_sha256") == [made["id"]]


def test_first_matches_are_asked_for_like_a_queue(api: Api) -> None:
    api.bank()
    api.entry(KNOWN, confirmed=False)
    first = api.submit("post-1", text=KNOWN).json()["case"]
    api.submit("post-2", text="a calm day at the sea")
    body = {"id": "report-1", "channel": "user", "reason": "terrorism", "item_id": "post-2",
            "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    assert api.post("/v1/reports", body).is_success
    person = Visitor(api.instance, api.client, "reviewer")
    found = person.get("/cases.json?queue=first-matches").json()
    assert ([one["id"] for one in found["cases"]], found["total"]) == ([first], 1)
    taken = person.send("/cases/next", {"filter": "queue=first-matches"})
    assert taken.headers["location"].startswith(f"/cases/{first}?queue=first-matches")
    assert "queue=first-matches" in person.get("/").text
