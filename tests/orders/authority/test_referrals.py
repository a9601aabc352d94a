"""Referrals on both sides: sent, reported, answered; they have no effect by themselves, and no penalty."""

from datetime import timedelta
from typing import Any

import pytest
from tests.orders.drafting_by import HOURS, delivered, moment, refused
from tests.orders.letters import Sender
from tests.orders.sides import BKA, FORUM, Side, drafted

from tidegate.infra.clock import FakeClock

URLS = ["https://forum.example/p/1", "https://forum.example/p/2"]
GIVEN: dict[str, Any] = {
    "to": FORUM.id,
    "urls": URLS,
    "terms_cited": "Your section 4: no glorification.",
    "reasons": "Both posts praise an attack.",
    "language": "de",
}


def referred(bka: Side, **changed: Any) -> dict[str, Any]:
    return bka.post("/v1/referrals", bka.officer, GIVEN | changed, status=201)


def test_a_referral_becomes_reports_and_is_answered(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    forum.post_item("post-1", URLS[0])
    sent = referred(bka)
    assert (sent["state"], sent["before"]) == ("sent", [])
    clock.advance(60)
    bka.deliver()
    ours = bka.get(f"/v1/referrals/{sent['id']}")
    assert ours["state"] == "delivered"
    (clock_of,) = ours["clocks"]
    assert (clock_of["name"], clock_of["bearer"]) == ("referral.answer", "them")
    assert moment(clock_of["due_at"]) == clock.now() + timedelta(hours=24)
    (line,) = forum.get("/v1/referrals?state=waiting", forum.legal)["data"]
    path = f"/v1/referrals/{line['id']}"
    theirs = forum.get(path, forum.legal)
    assert (theirs["state"], theirs["referral"], theirs["issuer"]) == ("open", sent["id"], bka.id)
    assert [one["url"] for one in theirs["items"]] == URLS
    assert all(one["report"] for one in theirs["items"])
    assert forum.count("reports") == 2
    assert forum.count("decisions") == forum.count("orders") == 0
    first, second = f"{path}/items/1/answer", f"{path}/items/2/answer"
    refused(forum, first, forum.legal, {"outcome": "kept"}, "invalid-body", 422)
    refused(forum, first, forum.legal, {"outcome": "kept", "reason": " "}, "invalid-body", 422)
    refused(forum, first, forum.legal, {"outcome": "gone"}, "invalid-body", 422)
    refused(forum, first, forum.admin, {"outcome": "removed"}, "person-needed", 403)
    refused(forum, f"{path}/items/3/answer", forum.legal, {"outcome": "removed"}, *_UNKNOWN)
    assert forum.post(first, forum.legal, {"outcome": "removed"})["state"] == "open"
    refused(forum, first, forum.legal, {"outcome": "removed"}, "order-not-open", 409)
    assert forum.deliver() == 0  # until the last one
    kept = {"outcome": "kept", "reason": "It is a report on an attack."}
    assert forum.post(second, forum.legal, kept)["state"] == "answered"
    forum.deliver()
    ours = bka.get(f"/v1/referrals/{sent['id']}")
    assert ours["state"] == "answered"
    assert [(one["outcome"], one["reason"]) for one in ours["items"]] == [
        ("removed", None),
        ("kept", "It is a report on an attack."),
    ]
    assert ours["clocks"][0]["state"] == "met"


_UNKNOWN = ("referral-unknown", 404)


def test_what_is_late_is_counted_and_can_still_be_answered(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    sent = referred(bka, urls=URLS[:1])
    bka.deliver()
    clock.advance(30 * HOURS)
    (line,) = forum.get("/v1/referrals", forum.legal)["data"]
    path = f"/v1/referrals/{line['id']}/items/1/answer"
    assert forum.post(path, forum.legal, {"outcome": "not_found"})["state"] == "answered"
    forum.deliver()
    ours = bka.get(f"/v1/referrals/{sent['id']}")
    assert (ours["state"], ours["clocks"][0]["state"]) == ("answered", "missed")


def test_what_was_referred_or_ordered_before_is_told(bka: Side, forum: Side) -> None:
    referred(bka, urls=URLS[1:])
    delivered(bka)
    before = referred(bka)["before"]
    assert before == [
        {"url": URLS[0], "was": "ordered"},
        {"url": URLS[1], "was": "referred"},
    ]


def test_a_referral_is_withdrawn(bka: Side, forum: Side, clock: FakeClock) -> None:
    sent = referred(bka)
    path = f"/v1/referrals/{sent['id']}"
    clock.advance(1)
    bka.deliver()
    clock.advance(1)
    assert bka.post(f"{path}/withdraw", bka.officer, {"reason": "A mistake."})["state"] == (
        "withdrawn"
    )
    body = {"reason": "A mistake."}
    refused(bka, f"{path}/withdraw", bka.officer, body, "order-not-open", 409)
    bka.deliver()
    (line,) = forum.get("/v1/referrals", forum.legal)["data"]
    assert line["state"] == "withdrawn"
    answer = f"/v1/referrals/{line['id']}/items/1/answer"
    refused(forum, answer, forum.legal, {"outcome": "removed"}, "order-not-open", 409)
    assert bka.get(path)["clocks"][0]["state"] == "void"


def test_an_unsigned_referral_reports_nothing(bka: Side, forum: Side, clock: FakeClock) -> None:
    body = {name: GIVEN[name] for name in ("urls", "terms_cited", "reasons", "language")}
    said = Sender(BKA.id).message(clock.now(), "referral.sent", order="r-1", body=body)
    headers = {"content-type": "application/jose+json"}
    answer = forum.client.post("/public/orders/inbox", content=said, headers=headers)
    assert answer.status_code == 202
    (line,) = forum.get("/v1/referrals", forum.legal)["data"]
    assert (line["state"], line["verified"]) == ("doubtful", False)
    assert forum.count("reports") == 0


@pytest.mark.parametrize(
    "changed",
    [{"urls": []}, {"urls": URLS[:1] * 1001}, {"reasons": " "}, {"to": "nobody.example"}],
)
def test_what_is_no_referral_is_refused(bka: Side, forum: Side, changed: dict[str, Any]) -> None:
    refused(bka, "/v1/referrals", bka.officer, GIVEN | changed, "invalid-body", 422)
    refused(bka, "/v1/referrals", bka.admin, GIVEN, "person-needed", 403)


def test_a_referral_that_is_carried_has_claims_alone(bka: Side, forum: Side) -> None:
    forum.away = True
    path = f"/v1/referrals/{referred(bka)['id']}"
    at = "2026-01-01T00:00:00Z"
    later = {"channel": "mail", "at": "2026-01-02T00:00:00Z"}
    refused(bka, f"{path}/carried", bka.officer, later, "invalid-body", 422)
    bka.post(f"{path}/carried", bka.officer, {"channel": "mail", "at": at})
    said = bka.post(f"{path}/claimed", bka.officer, {"state": "removed", "at": at})
    assert (said["state"], said["clocks"]) == ("sent", [])
    assert sorted(one["kind"] for one in said["claims"]) == ["carried", "claimed"]
    assert [one["outcome"] for one in said["items"]] == [None, None]
    assert bka.deliver() == 0


def test_an_order_can_cite_a_referral_and_is_approved_by_itself(bka: Side, forum: Side) -> None:
    id = referred(bka)["id"]
    order = bka.post("/v1/orders", bka.officer, drafted(cites=id), status=201)
    assert (order["state"], order["draft"]["cites"]) == ("draft", id)
    nobodys = drafted(cites="019b796d-d600-7239-b8c6-5577e8d658ab")
    refused(bka, "/v1/orders", bka.officer, nobodys, "invalid-body", 422)


def test_a_platform_refers_nothing(forum: Side, clock: FakeClock) -> None:
    """It would be reported in the name of an authority's channel, and answered with what the post is."""
    other = Sender("other.example", kind="platform")
    other.register(forum.instance.database)
    body = {name: GIVEN[name] for name in ("urls", "terms_cited", "reasons", "language")}
    raw = other.message(clock.now(), "referral.sent", order="r-1", to=forum.id, body=body)
    headers = {"content-type": "application/jose+json"}
    assert (
        forum.client.post("/public/orders/inbox", content=raw, headers=headers).status_code == 202
    )
    (line,) = forum.get("/v1/referrals", forum.legal)["data"]
    assert line["state"] == "doubtful"
    assert forum.count("reports") == 0
