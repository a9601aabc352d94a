"""An entry's page without a script: what a change would do, the change, its undo, and what is refused."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.bank_changes import leave_due
from tidegate.signals.banks.tables import bank_changes

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
HELD = {"undo_seconds": "30"}


@pytest.fixture
def curator(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "curator")


@pytest.fixture
def entry(api: Api) -> str:
    """An unconfirmed entry that three posts match."""
    api.bank(labels=["propaganda"])
    made = api.entry(KNOWN, confirmed=False)
    for number in range(3):
        api.submit(f"post-{number}", text=KNOWN, author=f"author-{number}")
    return made["id"]


def at(entry: str) -> str:
    return f"/banks/known/entries/{entry}"


def page(person: Visitor, entry: str, **query: str) -> dict[str, Any]:
    return person.get(f"{at(entry)}.json", params=query).json()


def state(api: Api, entry: str) -> tuple[str, bool]:
    found = api.get(f"/v1/banks/known/entries/{entry}").json()
    return found["state"], found["enabled"]


def told(api: Api, beginning: str = "change.") -> list[str]:
    with api.instance.database.begin() as tx:
        kinds = tx.execute(sa.select(ledger_pending.c.kind)).scalars()
        return sorted(one for one in kinds if one.startswith(beginning))


def changes(api: Api) -> list[str]:
    with api.instance.database.begin() as tx:
        rows = tx.execute(sa.select(bank_changes.c.state).order_by(bank_changes.c.id))
        return list(rows.scalars())


def leave(api: Api, clock: FakeClock) -> int:
    clock.advance(31)
    return leave_due(api.instance)


def undo_of(person: Visitor, entry: str) -> str:
    return f"/banks/known/changes/{page(person, entry)['held']['id']}/undo"


def test_the_effect_is_shown_before_anything_is_pressed(
    api: Api, curator: Visitor, entry: str
) -> None:
    found = page(curator, entry)
    assert (found["effect"]["change"], found["effect"]["restrict"]) == ("confirm", 3)
    assert found["effect"]["text"][0] == (
        "This would restrict 3 stored items, 0 of them news or counter-speech."
    )
    assert sorted(one["id"] for one in found["items"]) == ["post-0", "post-1", "post-2"]
    assert (found["seen"], [one["items"] for one in found["days"]]) == (3, [3])
    shown = curator.get(at(entry)).text
    for wanted in (
        'data-testid="effect" data-change="confirm" data-restrict="3"',
        f'data-testid="entry" data-id="{entry}" data-state="unconfirmed"',
        'data-testid="chart"',
        'data-testid="chart-table"',
        "This would restrict 3 stored items",
    ):
        assert wanted in shown
    assert "style=" not in shown
    other = page(curator, entry, change="refute")["effect"]
    assert (other["change"], other["restrict"]) == ("refute", 0)
    assert state(api, entry) == ("unconfirmed", True)
    assert api.count("bank_changes") == 0


def test_a_change_waits_is_undone_and_nothing_has_happened(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    answer = curator.send(f"{at(entry)}/confirm", HELD)
    assert answer.headers["location"] == f"{at(entry)}?done=change-held"
    assert state(api, entry) == ("unconfirmed", True)
    found = page(curator, entry)
    assert (found["held"]["what"], found["held"]["mine"], found["effect"]) == (
        "confirm",
        True,
        None,
    )
    shown = curator.get("/account").text
    assert 'data-testid="undo-bar"' in shown
    assert "Entry confirmed" in shown
    undone = curator.send(undo_of(curator, entry))
    assert undone.headers["location"] == f"{at(entry)}?done=change-undone"
    assert leave(api, clock) == 0
    assert state(api, entry) == ("unconfirmed", True)
    assert told(api) == ["change.held", "change.undone"]
    assert "entry.confirmed" not in told(api, "entry.")


def test_a_change_leaves_when_its_time_has_come(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    curator.send(f"{at(entry)}/confirm", HELD)
    way_back = undo_of(curator, entry)
    assert leave_due(api.instance) == 0
    assert leave(api, clock) == 1
    assert state(api, entry) == ("confirmed", True)
    judged = api.get(f"/v1/banks/known/entries/{entry}").json()["judged_by"]
    assert judged == f"user:{curator.email}"
    late = curator.send(way_back)
    assert late.headers["location"] == "/banks/known?done=change-left"
    told = curator.send(way_back, headers={"accept": "application/json"})
    assert (told.status_code, told.json()["type"]) == (409, "/problems/already-left")
    assert changes(api) == ["left"]
    assert state(api, entry) == ("confirmed", True)


@pytest.mark.parametrize(
    ("form", "path", "after"),
    [
        ({}, "refute", ("refuted", True)),
        ({"enabled": "no"}, "switch", ("unconfirmed", False)),
        ({}, "confirm", ("confirmed", True)),
    ],
)
def test_without_time_to_undo_it_is_done_at_once(
    api: Api,
    curator: Visitor,
    entry: str,
    form: dict[str, str],
    path: str,
    after: tuple[str, bool],
) -> None:
    answer = curator.send(f"{at(entry)}/{path}", form | {"undo_seconds": "0"})
    assert answer.status_code == 303
    assert state(api, entry) == after
    assert api.count("bank_changes") == 0


def test_what_somebody_changes_meanwhile_comes_after(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    curator.send(f"{at(entry)}/confirm", HELD)
    assert api.post(f"/v1{at(entry)}/refute").status_code == 200
    assert leave(api, clock) == 1
    assert changes(api) == ["cancelled"]
    assert state(api, entry)[0] == "refuted"
    assert told(api) == ["change.cancelled", "change.held"]


def test_what_is_deleted_meanwhile_is_gone(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    curator.send(f"{at(entry)}/confirm", HELD)
    assert api.call("DELETE", f"/v1{at(entry)}").status_code == 204
    assert leave(api, clock) == 1
    assert changes(api) == ["cancelled"]


def test_deleting_asks_who_it_is_and_takes_it_out(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    assert curator.send(f"{at(entry)}/delete", HELD).status_code == 303
    assert leave(api, clock) == 1
    assert curator.get(at(entry)).status_code == 404
    curator.sign_in()
    clock.advance(11 * 60)
    other = api.entry("another text that is long enough to be known by its words")["id"]
    refused = curator.send(f"{at(other)}/delete", HELD)
    assert refused.status_code == 403
    assert state(api, other) == ("confirmed", True)


def test_refused_and_nothing_is_written(api: Api, curator: Visitor, entry: str) -> None:
    curator.send(f"{at(entry)}/confirm", HELD)
    way_back = undo_of(curator, entry)
    before = told(api), told(api, "entry.")
    again = curator.send(f"{at(entry)}/switch", {"enabled": "no"} | HELD)
    assert again.status_code == 409
    assert "A change waits already" in again.text
    assert curator.send(f"{at(entry)}/switch", {"enabled": "perhaps"}).status_code == 422
    assert curator.send(f"{at(entry)}/refute", {"undo_seconds": "121"}).status_code == 422
    assert curator.send(f"{at(entry)[:-4]}0000/refute", HELD).status_code == 404
    other = Visitor(api.instance, api.client, "curator", email="other@example.org")
    assert other.send(way_back).status_code == 404
    for role in ("reviewer", "auditor"):
        person = Visitor(api.instance, api.client, role)
        assert person.send(f"{at(entry)}/refute", HELD).status_code == 403
        assert person.send(way_back).status_code == 403
        found = page(person, entry)
        assert (found["changes"], found["offers"], found["effect"]) == (False, [], None)
        assert "changes/" not in person.get(at(entry)).text
    assert (told(api), told(api, "entry.")) == before
    assert changes(api) == ["held"]


def test_a_bank_is_disabled_by_its_name_alone(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    api.post(f"/v1{at(entry)}/confirm")
    api.submit("down", text=KNOWN, author="author-9")
    asked = curator.get("/banks/known/change.json?what=disable").json()
    assert (asked["effect"]["restrict"], asked["effect"]["lift"]) == (0, 1)
    refused = curator.send("/banks/known/switch", {"enabled": "no", "name": "knwon"} | HELD)
    assert refused.status_code == 422
    assert 'data-testid="field-error"' in refused.text
    assert 'value="knwon"' in refused.text
    assert api.count("bank_changes") == 0
    form = {"enabled": "no", "name": "known"} | HELD
    assert curator.send("/banks/known/switch", form).status_code == 303
    assert curator.get("/banks/known.json").json()["held"]["what"] == "disable"
    assert api.get("/v1/banks/known").json()["enabled"] is True
    assert leave(api, clock) == 1
    assert api.get("/v1/banks/known").json()["enabled"] is False
    assert curator.send("/banks/known/switch", {"enabled": "yes"} | HELD).status_code == 303
    assert "Bank enabled" in curator.get("/account").text


def test_a_wider_distance_says_what_it_would_reach(
    api: Api, curator: Visitor, entry: str, clock: FakeClock
) -> None:
    asked = curator.get("/banks/known/change?what=radius&kind=text_minhash&bits=40")
    assert 'data-testid="effect" data-change="radius"' in asked.text
    wide = {"kind": "text_minhash", "bits": "257"} | HELD
    assert curator.send("/banks/known/radius", wide).status_code == 422
    assert curator.get("/banks/known/change?what=radius&kind=none&bits=1").status_code == 422
    assert api.count("bank_changes") == 0
    form = {"kind": "text_minhash", "bits": "40", "what": "radius"} | HELD
    assert curator.send("/banks/known/radius", form).status_code == 303
    assert leave(api, clock) == 1
    assert api.get("/v1/banks/known").json()["radius"] == {"text_minhash": 40}


def test_no_page_shows_an_address(api: Api, curator: Visitor, entry: str) -> None:
    curator.send(f"{at(entry)}/confirm", HELD)
    other = Visitor(api.instance, api.client, "reviewer")
    for path in (at(entry), f"{at(entry)}.json", "/banks/known", "/banks/known.json"):
        assert curator.email not in other.get(path).text
