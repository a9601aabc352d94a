"""A hold keeps an item for a purpose, until an end; what only a hold keeps is opened for a reason."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from tests.api import Api

from tidegate.access.actions import create_key, create_user, revoke_key
from tidegate.content.holds.actions import end_due
from tidegate.content.holds.model import OPENING_LASTS
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.erase import expire
from tidegate.pipeline.house import SCOPES

DAY = timedelta(days=1).total_seconds()
WHY = {"purpose": "review", "justification": "The court asks for the post, letter 7."}


def hold(api: Api, id: str = "post-1", key: str | None = None, **fields: Any) -> Any:
    return api.post(f"/v1/items/{id}/holds", {"reason": "court order 7"} | fields, key=key)


def after_retention(api: Api, clock: FakeClock) -> None:
    """A public post that passed is kept for thirty days; the worker then drops it, or keeps it by
    its hold alone."""
    clock.advance((api.instance.settings.keep_public_pass_days + 1) * DAY)
    with api.instance.database.begin() as tx:
        end_due(tx)
        expire(tx, api.instance.settings)


def text(api: Api, key: str | None = None) -> str | None:
    record = api.get("/v1/items/post-1", key=key).json()
    content = record["revisions"][0]["content"]
    return content and content["text"]


def kinds(api: Api) -> Counter[str]:
    """How many entries of each kind wait to be sealed."""
    with api.instance.database.begin() as tx:
        return Counter(tx.connection.exec_driver_sql("SELECT kind FROM ledger_pending").scalars())


def test_a_hold_says_for_what_and_until_when(api: Api) -> None:
    api.submit(text="a text")
    plain = hold(api).json()
    assert (plain["purpose"], plain["until"], plain["source"]) == ("other", None, None)
    until = "2026-07-01T00:00:00+02:00"
    full = hold(api, purpose="investigation", until=until, source="letter 7 of 3 May").json()
    assert full["until"] == "2026-06-30T22:00:00Z"
    shown = api.get("/v1/items/post-1").json()["holds"]
    assert shown == [plain, full]
    names = {"id", "reason", "purpose", "until", "source", "placed_by", "placed_at", "order"}
    assert set(full) == names
    assert full["order"] is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"purpose": "advertising"}, "/purpose"),
        ({"until": "2025-12-31T23:59:59Z"}, "/until"),
        ({"until": "2026-07-01T00:00:00"}, "/until"),
        ({"source": "order:7"}, "/source"),
        ({"reason": "  "}, "/reason"),
    ],
)
def test_a_bad_hold_is_refused_and_nothing_is_written(
    api: Api, fields: dict[str, Any], pointer: str
) -> None:
    api.submit(text="a text")
    before = kinds(api)
    answer = hold(api, **fields)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert api.count("holds") == 0
    assert kinds(api) == before


def test_a_hold_ends_by_itself(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    hold(api, until="2026-01-02T00:00:00Z")
    assert api.call("DELETE", "/v1/items/post-1").status_code == 409
    clock.advance(DAY)
    assert api.get("/v1/items/post-1").json()["holds"] == []
    with api.instance.database.begin() as tx:
        assert end_due(tx) == 1
        assert end_due(tx) == 0
    assert kinds(api)["hold.ended"] == 1
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204


def test_while_its_own_retention_runs_a_held_item_is_read_as_any(api: Api) -> None:
    api.submit(text="a text")
    hold(api)
    assert text(api) == "a text"
    assert api.get("/v1/items/post-1").json()["kept_by_hold"] is False


def test_what_only_a_hold_keeps_is_closed_until_somebody_says_why(
    api: Api, clock: FakeClock
) -> None:
    api.submit(text="a text")
    held = hold(api).json()["id"]
    after_retention(api, clock)
    record = api.get("/v1/items/post-1").json()
    assert record["kept_by_hold"] is True
    assert text(api) is None
    other = api.key("items:read", name="another")

    answer = api.post(f"/v1/holds/{held}/open", WHY | {"case": "7/2026"})
    assert answer.status_code == 201, answer.text
    opening = answer.json()
    assert (opening["hold"], opening["item"], opening["purpose"]) == (held, "post-1", "review")
    assert text(api) == "a text"
    assert text(api, key=other) is None, "it is open to who opened it"
    assert kinds(api)["hold.opened"] == 1

    clock.advance(OPENING_LASTS.total_seconds())
    assert text(api) is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"purpose": "review"}, "/justification"),
        ({"purpose": "review", "justification": "too short"}, "/justification"),
        ({"purpose": "review", "justification": " " * 20}, "/justification"),
        ({"purpose": "curiosity", "justification": WHY["justification"]}, "/purpose"),
    ],
)
def test_without_a_reason_nothing_is_opened(
    api: Api, clock: FakeClock, body: dict[str, Any], pointer: str
) -> None:
    api.submit(text="a text")
    held = hold(api).json()["id"]
    after_retention(api, clock)
    before = kinds(api)
    answer = api.post(f"/v1/holds/{held}/open", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert api.count("openings") == 0
    assert kinds(api) == before
    assert text(api) is None


def test_who_opens_needs_the_right_and_the_platform(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    held = hold(api).json()["id"]
    after_retention(api, clock)
    writer = api.key("items:write", name="writer")
    assert api.post(f"/v1/holds/{held}/open", WHY, key=writer).status_code == 403
    elsewhere = api.key("holds:write", name="elsewhere", platform="other")
    assert api.post(f"/v1/holds/{held}/open", WHY, key=elsewhere).status_code == 404
    assert api.post("/v1/holds/none/open", WHY).status_code == 404
    assert api.count("openings") == 0


def test_when_the_hold_is_lifted_the_content_goes(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    held = hold(api).json()["id"]
    after_retention(api, clock)
    api.post(f"/v1/holds/{held}/open", WHY)
    assert api.call("DELETE", f"/v1/items/post-1/holds/{held}").status_code == 204
    with api.instance.database.begin() as tx:
        assert expire(tx, api.instance.settings) == 1
    assert text(api) is None
    assert api.get("/v1/items/post-1").json()["kept_by_hold"] is False
    assert api.post(f"/v1/holds/{held}/open", WHY).status_code == 404


def test_what_rules_read_of_it_is_closed_as_well(api: Api, clock: FakeClock) -> None:
    api.bank()
    api.entry("a text that is known to us by heart")
    api.submit(text="a text that is known to us by heart")
    hold(api)
    clock.advance((api.instance.settings.keep_judged_days + 1) * DAY)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    [evaluation] = api.get("/v1/items/post-1").json()["evaluations"]
    conditions = [one for rule in evaluation["rules"] for one in rule["because"]]
    assert conditions
    assert all(set(one) == {"condition", "value"} for one in conditions)


def test_erasure_takes_the_words_and_leaves_the_fact(api: Api) -> None:
    api.submit(text="a text")
    held = hold(api, source="letter 7").json()["id"]
    api.post(f"/v1/holds/{held}/open", WHY | {"case": "7/2026"})
    api.call("DELETE", f"/v1/items/post-1/holds/{held}")
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    with api.instance.database.begin() as tx:
        words = "SELECT reason, source, purpose FROM holds"
        assert tx.connection.exec_driver_sql(words).all() == [
            ("erased with the item", None, "other")
        ]
        words = "SELECT justification, case_name, purpose FROM openings"
        assert tx.connection.exec_driver_sql(words).all() == [
            ("erased with the item", None, "review")
        ]


def test_new_content_and_a_new_judgement_open_it_again(api: Api, clock: FakeClock) -> None:
    """They have a retention of their own: it is not the hold alone any more that keeps it."""
    for id in ("edited", "reported"):
        api.submit(id=id, text="a text")
        hold(api, id)
    after_retention(api, clock)
    later = {"text": "another text", "created_at": "2026-01-01T00:00:00Z"}
    assert api.submit(id="edited", **later).status_code == 200
    about = {"channel": "user", "reason": "hate", "created_at": "2026-01-01T00:00:00Z"}
    told = api.post("/v1/reports", {"id": "r1", "item_id": "reported"} | about)
    assert told.status_code == 201
    for id in ("edited", "reported"):
        record = api.get(f"/v1/items/{id}").json()
        assert record["kept_by_hold"] is False
        assert all(one["content"] for one in record["revisions"])


def test_what_reporters_said_is_closed_as_well(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    words = {"comment": "He wrote: a text.", "reporter": "bert"}
    about = {"channel": "user", "reason": "hate", "created_at": "2026-01-01T00:00:00Z"}
    told = api.post("/v1/reports", {"id": "r1", "item_id": "post-1"} | about | words).json()
    held = hold(api).json()["id"]
    clock.advance((api.instance.settings.keep_judged_days + 1) * DAY)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    places = ("/v1/items/post-1", f"/v1/cases/{told['case']}")
    for place in places:
        assert "He wrote" not in api.get(place).text
    api.post(f"/v1/holds/{held}/open", WHY)
    for place in places:
        assert "He wrote" in api.get(place).text


def test_an_opening_of_before_counts_for_nothing_afterwards(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    held = hold(api).json()["id"]
    clock.advance(api.instance.settings.keep_public_pass_days * DAY)
    assert api.post(f"/v1/holds/{held}/open", WHY).status_code == 201
    clock.advance(60)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    assert text(api) is None


def test_kept_answers_go_with_what_they_say(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    once = {"headers": {"Idempotency-Key": "k"}}
    passed = {"outcome": "pass", "reason": "It says: a text."}
    assert api.post("/v1/items/post-1/decisions", passed, **once).status_code == 201
    hold(api)
    after_retention(api, clock)
    assert api.count("answers") == 0


UNTIL = "2036-07-01T00:00:00Z"


def lift(api: Api, held: str, key: str) -> Any:
    return api.call("DELETE", f"/v1/items/post-1/holds/{held}", key)


def test_a_hold_is_lifted_by_a_right_of_its_own_or_by_who_placed_it(api: Api) -> None:
    placer = api.key("items:write", name="legal")
    others = [api.key("items:write", name="edge"), api.key("items:read", name="reader")]
    api.submit(text="a text")
    held = hold(api, key=placer).json()["id"]
    before = kinds(api)
    for other in others:
        answer = lift(api, held, other)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/hold-of-another")
        assert lift(api, "0" * 32, other).status_code == 404
    assert kinds(api) == before
    assert [one["id"] for one in api.get("/v1/items/post-1").json()["holds"]] == [held]
    assert lift(api, held, placer).status_code == 204
    assert lift(api, held, placer).status_code == 404
    assert kinds(api)["hold.lifted"] == 1
    right = api.key("holds:write", name="holds")
    assert lift(api, hold(api, key=placer).json()["id"], right).status_code == 204
    assert api.get("/v1/items/post-1").json()["held"] is False


def test_a_key_of_the_same_name_did_not_place_it(api: Api) -> None:
    placer = api.key("items:write", name="legal")
    api.submit(text="a text")
    held = hold(api, key=placer).json()["id"]
    with api.instance.database.begin() as tx:
        revoke_key(tx, placer.split("_")[1])
    namesake = api.key("items:write", name="legal")
    assert lift(api, held, namesake).status_code == 403
    assert api.get("/v1/items/post-1", key=namesake).json()["holds"] == []


def test_a_person_has_placed_it_whichever_key_they_use(api: Api) -> None:
    with api.instance.database.begin() as tx:
        create_user(tx, "rita@example.org", "admin")
        keys = [
            create_key(tx, SCOPES, name, ["items:write"], user_email="rita@example.org")[1]
            for name in ("here", "there")
        ]
    api.submit(text="a text")
    assert lift(api, hold(api, key=keys[0]).json()["id"], keys[1]).status_code == 204


def test_a_refused_erasure_says_who_holds_to_those_who_may_see_it(api: Api) -> None:
    placer = api.key("items:write", name="legal")
    api.submit(text="a text")
    held = hold(api, key=placer, until=UNTIL, purpose="investigation").json()
    sees = [placer, api.key("items:write", "holds:write", name="both")]
    for key in (*sees, api.key("items:write", name="edge")):
        answer = api.call("DELETE", "/v1/items/post-1", key)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/item-held")
        record = api.get("/v1/items/post-1", key=key).json()
        assert record["held"] is True
        said = ("key:legal", "2036-07-01 00:00 UTC", "court order 7", "investigation")
        if key in sees:
            assert answer.json()["holds"] == [held["id"]]
            assert all(one in answer.json()["detail"] for one in said)
            assert record["holds"] == [held]
        else:
            assert not any(one in answer.text for one in (*said, held["id"], "2036", "legal"))
            assert record["holds"] == []
    assert api.get("/v1/items/post-1").json()["revisions"][0]["content"]["text"] == "a text"
