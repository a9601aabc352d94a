"""From a draft to the provider's receipt, both sides at work; and each refusal, which writes nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.orders.drafting_by import (
    ASKED,
    HOURS,
    URGENT,
    approved,
    begun,
    clocks,
    delivered,
    inform,
    issued,
    moment,
    refused,
)
from tests.orders.sides import BKA, Side, drafted

from tidegate.infra.clock import FakeClock


def test_an_order_is_drafted_approved_by_another_and_delivered(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    inform(bka, forum, clock)
    id = approved(bka)
    order = bka.post(f"/v1/orders/{id}/issue", bka.officer, ASKED)
    assert order["state"] == "issued"
    assert order["reference"] == "DE-2026-000001"
    assert order["delivery"] == {"state": "pending", "attempts": 0, "received_at": None}
    clock.advance(5)
    assert bka.deliver() == 1
    ours = bka.get(f"/v1/orders/{id}")
    (theirs,) = forum.get("/v1/orders", forum.legal)["data"]
    assert ours["state"] == "delivered"
    assert ours["delivery"]["received_at"] == ours["received_at"] == theirs["received_at"]
    assert (theirs["order"], theirs["reference"]) == (id, "DE-2026-000001")
    (hour,) = clocks(ours, "tco.remove")
    assert hour["bearer"] == "them"
    assert moment(hour["due_at"]) - moment(ours["received_at"]) == timedelta(hours=1)
    assert hour["due_at"] == ours["due_at"] == theirs["due_at"]
    states = ["draft", "submitted", "approved", "issued", "delivered"]
    assert [one["state"] for one in ours["history"]] == states


def test_what_is_drafted_is_shown_and_nothing_of_it_has_gone_out(bka: Side, forum: Side) -> None:
    order = bka.get(f"/v1/orders/{begun(bka)}")
    assert (order["state"], order["direction"], order["to"]) == ("draft", "out", forum.id)
    assert [one["url"] for one in order["items"]] == ["https://forum.example/p/1"]
    assert order["reference"] is order["delivery"] is order["issued_at"] is None
    assert order["draft"]["language"] == "de"  # the first of ours that they read
    assert bka.count("order_messages") == 0


@pytest.mark.parametrize(
    ("changed", "type", "pointer"),
    [
        ({"reasons": "too short"}, "invalid-body", "/reasons"),
        ({"items": []}, "invalid-body", "/items"),
        ({"items": [{"url": "ftp://forum.example/1"}]}, "invalid-body", "/items/0/url"),
        ({"types": []}, "invalid-body", "/types"),
        ({"types": ["f"]}, "invalid-body", "/types/0"),
        ({"issuing": {"kind": "court"}}, "invalid-body", "/issuing/name"),
        (
            {
                "non_disclosure": {
                    "decided_at": "2026-01-01T00:00:00Z",
                    "until": "2026-02-12T00:00:01Z",
                    "reason": "An arrest is prepared.",
                }
            },
            "non-disclosure-too-long",
            None,
        ),
        ({"public": None}, "not-public", None),
        ({"public": {"asserted": False}}, "not-public", None),
        ({"public": {"asserted": True}}, "not-public", None),
        ({"true_purpose": " "}, "purpose-missing", None),
    ],
)
def test_an_incomplete_draft_is_kept_and_not_submitted(
    bka: Side, forum: Side, changed: dict[str, Any], type: str, pointer: str | None
) -> None:
    id = begun(bka, **changed)
    problem = refused(bka, f"/v1/orders/{id}/submit", bka.officer, None, type, 422)
    if pointer is not None:
        assert pointer in [one["pointer"] for one in problem["errors"]]
    assert bka.get(f"/v1/orders/{id}")["state"] == "draft"


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "nobody.example"},
        {"to": BKA.id},
        {"items": [{"url": "https://forum.example/1"}] * 1001},
        {"issued_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_what_is_no_draft_is_refused(bka: Side, forum: Side, changed: dict[str, Any]) -> None:
    refused(bka, "/v1/orders", bka.officer, drafted(**changed), "invalid-body", 422)


def test_a_key_without_a_person_binds_nobody(bka: Side, forum: Side) -> None:
    refused(bka, "/v1/orders", bka.admin, drafted(), "person-needed", 403)
    id = begun(bka)
    for verb in ("submit", "approve", "final"):
        refused(bka, f"/v1/orders/{id}/{verb}", bka.admin, None, "person-needed", 403)
    for verb, body in (
        ("issue", {}),
        ("clarify", {"answer": "so"}),
        ("revoke", {"reason": "so"}),
        ("extend", {"until": "2026-02-01T00:00:00Z", "reason": "so"}),
        ("carried", {"channel": "post", "at": "2026-01-01T00:00:00Z"}),
        ("claimed", {"state": "executed", "at": "2026-01-01T00:00:00Z"}),
    ):
        refused(bka, f"/v1/orders/{id}/{verb}", bka.admin, body, "person-needed", 403)
    path = f"/v1/registry/{forum.id}/prior-information"
    body = {"procedures": "so", "deadlines": "so"}
    refused(bka, path, bka.admin, body, "person-needed", 403)


def test_a_platform_issues_no_orders(forum: Side) -> None:
    refused(forum, "/v1/orders", forum.officer, drafted(), "not-competent", 403)


def test_four_eyes(bka: Side, forum: Side) -> None:
    both = bka.person("admin", scopes=["orders:draft", "orders:approve"])
    id = begun(bka, both)
    bka.post(f"/v1/orders/{id}/submit", bka.officer)
    refused(bka, f"/v1/orders/{id}/approve", both, None, "same-person", 409)
    assert bka.post(f"/v1/orders/{id}/approve", bka.approver)["state"] == "approved"
    mine = begun(bka)
    bka.post(f"/v1/orders/{mine}/submit", both)
    refused(bka, f"/v1/orders/{mine}/approve", both, None, "same-person", 409)


def test_steps_come_in_their_order(bka: Side, forum: Side) -> None:
    id = begun(bka)
    refused(bka, f"/v1/orders/{id}/approve", bka.approver, None, "order-not-open", 409)
    refused(bka, f"/v1/orders/{id}/issue", bka.officer, URGENT, "order-not-open", 409)
    bka.post(f"/v1/orders/{id}/submit", bka.officer)
    refused(bka, f"/v1/orders/{id}/submit", bka.officer, None, "order-not-open", 409)
    refused(bka, f"/v1/orders/{id}/final", bka.officer, None, "not-executed", 409)
    nobodys = "/v1/orders/019b796d-d600-7239-b8c6-5577e8d658ab"
    refused(bka, f"{nobodys}/submit", bka.officer, None, "order-unknown", 404)
    refused(bka, "/v1/orders/none/submit", bka.officer, None, "order-unknown", 404)


def test_prior_information_is_twelve_hours_old_by_the_providers_receipt(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    id = approved(bka)
    path = f"/v1/orders/{id}/issue"
    problem = refused(bka, path, bka.officer, ASKED, "too-early", 409)
    assert problem["opens_at"] is None
    forum.away = True
    told = {"procedures": "We send signed orders.", "deadlines": "One hour."}
    bka.post(f"/v1/registry/{forum.id}/prior-information", bka.officer, told, status=201)
    bka.deliver()
    clock.advance(13 * HOURS)  # of a message that nobody has
    assert refused(bka, path, bka.officer, ASKED, "too-early", 409)["opens_at"] is None
    forum.away = False
    bka.deliver()
    received = clock.now()
    clock.advance(12 * HOURS - 1)
    problem = refused(bka, path, bka.officer, ASKED, "too-early", 409)
    assert moment(problem["opens_at"]) == received + timedelta(hours=12)
    clock.advance(1)
    assert bka.post(path, bka.officer, ASKED)["state"] == "issued"
    (gate,) = bka.get("/v1/clocks?name=tco.prior_information")["data"]
    assert gate["subject"] == {"kind": "party", "id": forum.id}


def test_only_the_first_order_to_a_provider_waits(bka: Side, forum: Side) -> None:
    issued(bka)
    second = approved(bka, items=[{"url": "https://forum.example/p/2"}])
    assert bka.post(f"/v1/orders/{second}/issue", bka.officer, ASKED)["state"] == "issued"


def test_an_emergency_has_reasons(bka: Side, forum: Side) -> None:
    id = approved(bka)
    blank = ASKED | {"emergency": {"reasons": "  "}}
    refused(bka, f"/v1/orders/{id}/issue", bka.officer, blank, "too-early", 409)
    order = bka.post(f"/v1/orders/{id}/issue", bka.officer, URGENT)
    assert order["draft"]["emergency"] == URGENT["emergency"]["reasons"]


@pytest.mark.parametrize("given", [{}, {"deconfliction": {}}, {"deconfliction": {"answer": " "}}])
def test_who_else_investigates_is_asked(bka: Side, forum: Side, given: dict[str, Any]) -> None:
    id = approved(bka)
    body = {"emergency": URGENT["emergency"]} | given
    refused(bka, f"/v1/orders/{id}/issue", bka.officer, body, "deconfliction-open", 409)
    waived = body | {"deconfliction": {"waiver": "Nobody can be asked at night."}}
    order = bka.post(f"/v1/orders/{id}/issue", bka.officer, waived)
    assert order["draft"]["deconfliction"] == waived["deconfliction"]


def test_the_contact_point_reads_its_own_languages(bka: Side, forum: Side) -> None:
    id = approved(bka, language="fr")
    problem = refused(bka, f"/v1/orders/{id}/issue", bka.officer, URGENT, "language", 422)
    assert problem["languages"] == ["de", "en"]


def test_an_address_on_another_host_goes_out_and_is_marked(bka: Side, forum: Side) -> None:
    id = delivered(
        bka,
        items=[{"url": "https://forum.example/p/1"}, {"url": "https://elsewhere.example/p/1"}],
    )
    items = bka.get(f"/v1/orders/{id}")["items"]
    assert [one["problems"] for one in items] == [[], ["host-unknown"]]


@pytest.mark.parametrize(
    "other",
    [
        {"url": "https://forum.example/p/1"},
        {"url": "HTTPS://FORUM.example/p/1?utm_source=mail"},
        {"url": "https://forum.example/copy", "sha256": ["cd" * 32]},
    ],
)
def test_no_second_order_about_the_same_url_or_content(
    bka: Side, forum: Side, other: dict[str, Any]
) -> None:
    first = issued(bka, items=[{"url": "https://forum.example/p/1", "sha256": ["cd" * 32]}])
    id = approved(bka, bka.officer2, items=[other])
    problem = refused(bka, f"/v1/orders/{id}/issue", bka.officer2, URGENT, "order-exists", 409)
    assert problem["orders"] == ["DE-2026-000001"]
    bka.post(f"/v1/orders/{first}/revoke", bka.officer, {"reason": "It was another post."})
    order = bka.post(f"/v1/orders/{id}/issue", bka.officer2, URGENT)
    assert order["reference"] == "DE-2026-000002"


def test_acceptance_11_of_two_issued_at_once_one_is_refused(bka: Side, forum: Side) -> None:
    ids = [approved(bka, officer) for officer in (bka.officer, bka.officer2)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(
                lambda one: bka.call("POST", f"/v1/orders/{one[0]}/issue", one[1], URGENT),
                zip(ids, (bka.officer, bka.officer2), strict=True),
            )
        )
    assert sorted(one.status_code for one in answers) == [200, 409]
    (lost,) = [one.json() for one in answers if one.status_code == 409]
    assert lost["type"] == "/problems/order-exists"
    assert bka.count("order_messages") == 1
    assert sorted(bka.get(f"/v1/orders/{id}")["state"] for id in ids) == ["approved", "issued"]


def test_acceptance_10_the_hour_runs_from_receipt_and_not_from_issue(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    forum.away = True
    id = issued(bka)
    at = clock.now()
    bka.deliver()
    clock.advance(15 * 60 + 1)
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["delivery"]["state"]) == ("issued", "undelivered")
    assert order["received_at"] is order["due_at"] is None
    assert clocks(order, "tco.remove") == []
    assert rung(bka) == ["order.undelivered"]
    clock.advance(26 * HOURS)
    forum.away = False
    bka.deliver()
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["delivery"]["state"]) == ("delivered", "delivered")
    assert moment(order["received_at"]) == clock.now() > at + timedelta(hours=26)
    (hour,) = clocks(order, "tco.remove")
    assert moment(hour["due_at"]) == clock.now() + timedelta(hours=1)
    assert hour["state"] == "running"


def rung(side: Side) -> list[str]:
    """What the worker rings, once it has looked."""
    from tidegate.clocks.rings import list_rings
    from tidegate.pipeline.orders.outgoing import tell_undelivered

    with side.instance.database.begin() as tx:
        tell_undelivered(tx)
        return [one.type for one in list_rings(tx)]


def test_the_company_is_called_late_only_by_the_generous_reading(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    from tidegate.clocks.sweeping import sweep

    clock.advance(61)  # 00:01:01: the hour that is under way does not count
    id = delivered(bka)
    clock.advance(HOURS + 1)
    seen = []
    for seconds in (0, HOURS - 63, 2):
        clock.advance(seconds)
        with bka.instance.database.begin() as tx:
            sweep(tx, 100)
        (hour,) = clocks(bka.get(f"/v1/orders/{id}"), "tco.remove")
        seen.append(hour["state"])
    assert seen == ["running", "running", "missed"]
    assert moment(hour["due_latest"]).minute == 0


def test_the_same_reference_is_never_given_twice(bka: Side, forum: Side) -> None:
    found = set()
    for n in range(3):
        id = issued(bka, items=[{"url": f"https://forum.example/p/{n}"}])
        bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
        found.add(bka.get(f"/v1/orders/{id}")["reference"])
    assert found == {"DE-2026-000001", "DE-2026-000002", "DE-2026-000003"}


def test_the_message_is_signed_over_the_annex(bka: Side, forum: Side) -> None:
    id = issued(bka)
    (message,) = bka.get(f"/v1/orders/{id}")["messages"]
    path = f"/v1/orders/{id}/messages/{message['id']}/message.jws"
    raw = bka.call("GET", path, bka.officer).content
    from tests.orders.letters import read_signed

    said = read_signed(raw, bka.own.key.x)
    assert (said["type"], said["order"], said["to"]) == ("order.issued", id, forum.id)
    body = said["body"]
    assert body["reference"] == "DE-2026-000001"
    assert body["addressee"]["contact"] == forum.organisation.contact_email
    assert body["cross_border"] == {"applies": False, "copy_to": None}
    assert "true_purpose" not in json.dumps(said)
