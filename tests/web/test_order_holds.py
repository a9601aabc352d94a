"""Content under an order is kept until its date, and people read it for a purpose alone, on the record."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.api import Api, item
from tests.web.ordered import KEPT, WORDS, Order, person, stored
from tests.web.test_pages import picture
from tests.web.visitor import Visitor

from tidegate.content.holds.actions import end_due, extend_hold
from tidegate.content.holds.model import OPENING_LASTS
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.pipeline.erase import expire

DAY = 86400.0
WHY = {
    "purpose": "review",
    "case": "VG 27 K 12/26",
    "justification": "The court asks for the post.",
}
LAWYER = ("orders:read", "orders:execute", "items:read")


@pytest.fixture
def order(api: Api) -> Order:
    media = [{"filename": "a.png", "data": base64.b64encode(picture()).decode()}]
    assert api.post("/v1/items", item(text=WORDS, media=media)).status_code == 200
    order = Order(api)
    order.execute()
    return order


def text(api: Api, key: str) -> str | None:
    record = api.get("/v1/items/post-1", key=key).json()
    content = record["revisions"][0]["content"]
    return content and content["text"]


def written(api: Api) -> list[int]:
    return [api.count(one) for one in ("holds", "openings", "ledger_pending")]


def refused(api: Api, answer: Any, before: list[int]) -> tuple[int, str]:
    """What a refusal says, of which nothing was written."""
    assert written(api) == before
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_what_an_order_took_down_cannot_be_erased_before_its_date(
    api: Api, order: Order, clock: FakeClock
) -> None:
    reads = api.key("items:write", "orders:read")
    before = written(api)
    answer = api.call("DELETE", "/v1/items/post-1", key=reads)
    assert refused(api, answer, before) == (409, "item-held")
    assert answer.json()["until"] == f"{KEPT:%Y-%m-%dT%H:%M:%SZ}"
    assert answer.json()["holds"] == [str(order.hold)]
    assert "2026-07-02" in answer.json()["detail"]
    # Others hear that a hold stands, as of any; also who may see the holds of others.
    for scopes in (("items:write",), ("items:write", "holds:write", "cases:read")):
        key = api.key(*scopes)
        before = written(api)
        answer = api.call("DELETE", "/v1/items/post-1", key=key)
        assert refused(api, answer, before) == (409, "item-held")
        assert not {"until", "holds"} & answer.json().keys()
        assert "2026" not in answer.json()["detail"]
        assert "rder" not in answer.text
    clock.advance((KEPT - clock.now()).total_seconds())
    assert api.call("DELETE", "/v1/items/post-1", key=reads).status_code == 204


def test_time_does_not_erase_it_either(api: Api, order: Order, clock: FakeClock) -> None:
    instance = api.instance
    for days in (instance.settings.keep_public_pass_days + 1, 30):
        clock.advance(days * DAY)
        with instance.database.begin() as tx:
            end_due(tx)
            expire(tx, instance.settings)
    opened = api.post(f"/v1/holds/{order.hold}/open", WHY, key=person(api, "legal", *LAWYER))
    assert opened.status_code == 200, opened.text
    assert opened.json()["content"]["text"] == WORDS
    clock.advance((KEPT - clock.now()).total_seconds())
    with instance.database.begin() as tx:
        assert end_due(tx) == 1
        assert expire(tx, instance.settings) == 1


def test_nobody_lifts_it(api: Api, order: Order) -> None:
    path = f"/v1/items/post-1/holds/{order.hold}"
    keys = {
        api.admin: (409, "hold-of-order"),
        api.key("items:read", "holds:write"): (404, "hold-unknown"),
        person(api, "legal", *LAWYER): (409, "hold-of-order"),
    }
    before = written(api)
    for key, expected in keys.items():
        answer = api.call("DELETE", path, key=key)
        assert refused(api, answer, before) == expected
    assert api.call("DELETE", path).json()["until"] == f"{KEPT:%Y-%m-%dT%H:%M:%SZ}"


def test_it_can_last_for_longer_and_not_for_less(api: Api, order: Order) -> None:
    assert order.hold is not None
    before = written(api)
    for until in (KEPT, KEPT - timedelta(days=1)):
        with pytest.raises(Refusal) as refusal, api.instance.database.begin() as tx:
            extend_hold(tx, order.hold, until)
        assert refusal.value.errors[0].pointer == "/until"
    assert written(api) == before
    with api.instance.database.begin() as tx:
        extend_hold(tx, order.hold, KEPT + timedelta(days=30))
    shown = api.get(f"/v1/holds/{order.hold}").json()
    assert shown["until"] == f"{KEPT + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"


def test_only_an_orders_hold_is_extended(api: Api) -> None:
    api.submit(text=WORDS)
    plain = UUID(api.post("/v1/items/post-1/holds", {"reason": "a letter"}).json()["id"])
    with pytest.raises(Refusal) as refusal, api.instance.database.begin() as tx:
        extend_hold(tx, plain, datetime(2030, 1, 1, tzinfo=UTC))
    assert refusal.value.type == "hold-unknown"


def test_people_read_it_once_they_have_said_what_for(
    api: Api, order: Order, clock: FakeClock
) -> None:
    lawyer, other = (person(api, "legal", *LAWYER) for _ in range(2))
    machine = api.key("items:read")
    assert (text(api, lawyer), text(api, other), text(api, machine)) == (None, None, WORDS)
    answer = api.post(f"/v1/holds/{order.hold}/open", WHY, key=lawyer)
    assert answer.status_code == 200, answer.text
    opened = answer.json()
    assert (opened["item"], opened["content"]["text"]) == ("post-1", WORDS)
    assert opened["opened_at"] == "2026-01-01T00:00:00Z"
    assert (text(api, lawyer), text(api, other)) == (WORDS, None)
    hold = api.get(f"/v1/holds/{order.hold}", key=lawyer).json()
    (by,) = hold["opened"]
    assert by["by"].startswith("user:legal-")
    assert (by["at"], by["purpose"], by["case"]) == (opened["opened_at"], "review", WHY["case"])
    assert (hold["item"], hold["order"], hold["ended_at"]) == ("post-1", str(order.id), None)
    with api.instance.database.begin() as tx:
        sql = "SELECT count(*) FROM ledger_pending WHERE kind = 'hold.opened'"
        assert tx.connection.exec_driver_sql(sql).scalar_one() == 1
    clock.advance(OPENING_LASTS.total_seconds())
    assert text(api, lawyer) is None


@pytest.mark.parametrize(
    ("without", "given", "pointer"),
    [
        ("purpose", {}, "/purpose"),
        ("justification", {}, "/justification"),
        ("", {"purpose": "audit"}, "/purpose"),
        ("", {"purpose": "curiosity"}, "/purpose"),
        ("", {"justification": " " * 20}, "/justification"),
    ],
)
def test_it_is_not_opened_without_a_purpose(
    api: Api, order: Order, without: str, given: dict[str, str], pointer: str
) -> None:
    body = {name: value for name, value in (WHY | given).items() if name != without}
    lawyer = person(api, "legal", *LAWYER)
    before = written(api)
    answer = api.post(f"/v1/holds/{order.hold}/open", body, key=lawyer)
    assert refused(api, answer, before)[0] == 422
    assert pointer in answer.text or pointer[1:] in answer.text
    assert text(api, lawyer) is None


def test_only_people_who_execute_orders_open_it(api: Api, order: Order) -> None:
    path = f"/v1/holds/{order.hold}/open"
    keys = {
        api.admin: (403, "person-needed"),
        api.key("orders:execute", "orders:read"): (403, "person-needed"),
        api.key("holds:write"): (404, "hold-unknown"),
        person(api, "legal", "orders:read"): (403, "scope-missing"),
        api.key("holds:write", "orders:read"): (403, "scope-missing"),
    }
    before = written(api)
    for key, expected in keys.items():
        assert refused(api, api.post(path, WHY, key=key), before) == expected


def test_another_hold_is_opened_as_before(api: Api, clock: FakeClock) -> None:
    api.submit(text=WORDS)
    plain = api.post("/v1/items/post-1/holds", {"reason": "a letter"}).json()["id"]
    clock.advance((api.instance.settings.keep_public_pass_days + 1) * DAY)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    answer = api.post(f"/v1/holds/{plain}/open", WHY | {"purpose": "audit"})
    assert answer.status_code == 201
    assert answer.json()["content"]["text"] == WORDS
    lawyer = person(api, "legal", *LAWYER)
    before = written(api)
    answer = api.post(f"/v1/holds/{plain}/open", WHY, key=lawyer)
    assert refused(api, answer, before) == (403, "scope-missing")
    assert api.get(f"/v1/holds/{plain}", key=lawyer).status_code == 403


def test_a_hold_beside_an_orders_opens_nothing_of_it(api: Api, order: Order) -> None:
    plain = api.post("/v1/items/post-1/holds", {"reason": "a letter"}).json()["id"]
    boss = person(api, "admin", "holds:write", "items:read", "cases:read")
    assert api.post(f"/v1/holds/{plain}/open", WHY, key=boss).status_code == 201
    assert text(api, boss) is None


def test_pages_and_files_are_closed_until_then(api: Api, order: Order) -> None:
    lawyer = Visitor(api.instance, api.client, "legal", email="lou@example.org")
    reviewer = Visitor(api.instance, api.client, "senior", email="rita@example.org")
    admin = Visitor(api.instance, api.client, "admin", email="ada@example.org")
    post = stored(api, "post-1").id
    for who in (lawyer, reviewer, admin):
        assert WORDS not in who.get(f"/items/{post}").text
        assert WORDS not in who.get(f"/items/{post}.json").text
        assert who.get(f"/media/{post}/1/0").status_code == 404
    assert WORDS not in reviewer.get("/find?q=post").text
    given = {"purpose": "review", "justification": "The court asks for the post."}
    assert reviewer.send(f"/items/{post}/order-holds/{order.hold}/open", given).status_code == 403
    # By the way of other holds it is no hold.
    assert admin.send(f"/items/{post}/holds/{order.hold}/open", given).status_code == 404
    before = written(api)
    wrong = lawyer.send(
        f"/items/{post}/order-holds/{order.hold}/open", given | {"purpose": "audit"}
    )
    assert (wrong.status_code, written(api)) == (422, before)
    opened = lawyer.send(f"/items/{post}/order-holds/{order.hold}/open", given)
    assert (opened.status_code, opened.headers["location"]) == (303, f"/items/{post}?done=opened")
    assert WORDS in lawyer.get(f"/items/{post}").text
    assert lawyer.get(f"/media/{post}/1/0").status_code == 200
    assert WORDS not in admin.get(f"/items/{post}").text


def test_claiming_its_own_case_is_an_opening(api: Api, order: Order, clock: FakeClock) -> None:
    report = {"id": "r", "channel": "notice", "reason": "other", "item_id": "post-1"}
    report |= {"reporter": "reporter-1", "created_at": "2025-12-31T23:30:00Z"}
    case = api.post("/v1/reports", report).json()["case"]
    reviewer = Visitor(api.instance, api.client, "reviewer", email="rob@example.org")
    assert WORDS not in reviewer.get(f"/cases/{case}").text
    assert api.count("openings") == 0
    assert reviewer.send(f"/cases/{case}/claim").status_code == 303
    assert WORDS in reviewer.get(f"/cases/{case}").text
    (opened,) = api.get(f"/v1/holds/{order.hold}").json()["opened"]
    assert opened == {
        "at": "2026-01-01T00:00:00Z",
        "by": "user:rob@example.org",
        "purpose": "review",
        "case": case,
    }
    # Holding it for longer is the same opening as long as that lasts, and another after.
    assert reviewer.send(f"/cases/{case}/claim").status_code == 303
    assert api.count("openings") == 1
    clock.advance(OPENING_LASTS.total_seconds() + 1)
    assert reviewer.send(f"/cases/{case}/claim").status_code == 303
    assert api.count("openings") == 2
    assert WORDS not in Visitor(api.instance, api.client, "senior").get(f"/cases/{case}").text
    clock.advance(api.instance.settings.claim_minutes * 60 + OPENING_LASTS.total_seconds())
    reviewer.sign_in()
    assert WORDS not in reviewer.get(f"/cases/{case}").text


def test_a_key_claims_nothing_open_for_itself(api: Api, order: Order) -> None:
    report = {"id": "r", "channel": "notice", "reason": "other", "item_id": "post-1"}
    report |= {"reporter": "reporter-1", "created_at": "2025-12-31T23:30:00Z"}
    case = api.post("/v1/reports", report).json()["case"]
    machine = api.key("cases:decide")
    assert api.post(f"/v1/cases/{case}/claim", key=machine).status_code == 200
    assert api.count("openings") == 0


def test_nobody_places_a_hold_in_an_orders_name(api: Api) -> None:
    api.submit(text=WORDS)
    before = written(api)
    answer = api.post(
        "/v1/items/post-1/holds", {"reason": "a letter", "source": f"order:{UUID(int=7)}"}
    )
    assert refused(api, answer, before)[0] == 422
    answer = api.post("/v1/items/post-1/holds", {"reason": "a letter", "order": str(UUID(int=7))})
    assert refused(api, answer, before)[0] == 422
