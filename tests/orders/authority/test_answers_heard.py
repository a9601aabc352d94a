"""What comes back about an order of ours, both sides at work: executed, impeded, asked about, ended; and what is
only claimed stands beside what was signed."""

from datetime import timedelta
from typing import Any

import pytest
from tests.orders.drafting_by import HOURS, clocks, delivered, issued, moment, refused
from tests.orders.letters import Sender
from tests.orders.sides import FORUM, Side
from tests.orders.test_messages_witness import faults

from tidegate.infra.clock import FakeClock

TWO = [{"url": f"https://forum.example/p/{n}"} for n in (1, 2)]
SILENT = {
    "decided_at": "2026-01-01T00:00:00Z",
    "until": "2026-02-01T00:00:00Z",
    "reason": "An arrest is prepared.",
}
IMPEDE = {"ground": "force_majeure", "explanation": "The data centre is under water."}
ASK = {"ground": "insufficient_information", "needed": "Which of the posts there is meant?"}


def theirs(forum: Side) -> str:
    """The platform's id of the order that came last."""
    return forum.get("/v1/orders", forum.legal)["data"][0]["id"]


def tell(forum: Side, verb: str, body: Any, n: int | None = None) -> None:
    path = f"/v1/orders/{theirs(forum)}" + ("" if n is None else f"/items/{n}")
    forum.post(f"{path}/{verb}", forum.legal, body)
    forum.deliver()


def test_an_executed_order_becomes_final(bka: Side, forum: Side, clock: FakeClock) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka)
    clock.advance(600)
    tell(forum, "execute", {})
    order = bka.get(f"/v1/orders/{id}")
    assert order["state"] == "executed"
    (item,) = order["items"]
    assert (item["state"], item["measure"]) == ("executed", "disabled")
    assert moment(item["at"]) == clock.now()
    (hour,) = clocks(order, "tco.remove")
    assert (hour["state"], order["due_at"]) == ("met", None)
    assert "annex-1" in order["documents"]
    refused(bka, f"/v1/orders/{id}/clarify", bka.officer, {"answer": "so"}, "order-not-open", 409)
    assert bka.post(f"/v1/orders/{id}/final", bka.officer)["state"] == "final"
    bka.deliver()
    assert forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)["state"] == "final"
    refused(bka, f"/v1/orders/{id}/final", bka.officer, None, "order-not-open", 409)
    refused(bka, f"/v1/orders/{id}/revoke", bka.officer, {"reason": "so"}, "order-not-open", 409)


def annul(forum: Side, n: int | None = None) -> None:
    path = f"/v1/orders/{theirs(forum)}" + ("" if n is None else f"/items/{n}")
    body = {"court": "Verwaltungsgericht Wiesbaden", "reference": "6 K 12/26"}
    forum.post(f"{path}/annul", forum.legal, body, status=202)
    forum.post(f"{path}/annul", forum.person("legal", f"counsel{n}"), body)
    forum.deliver()


@pytest.mark.parametrize("executed", [True, False])
def test_what_a_court_annulled_is_void_on_both_sides(
    bka: Side, forum: Side, executed: bool
) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka)
    if executed:
        tell(forum, "execute", {})
    annul(forum)
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["contradictory"], order["due_at"]) == ("void", False, None)
    assert [one["state"] for one in order["items"]] == ["void"]
    (said,) = [one for one in order["messages"] if one["type"] == "reinstated"]
    assert (said["direction"], said["verified"], said["problems"]) == ("in", True, [])
    (why,) = [one["given"] for one in order["states"] if one["event"] == "annul"]
    assert why == {"court": "Verwaltungsgericht Wiesbaden", "reference": "6 K 12/26"}
    assert not [one for one in clocks(order, "tco.remove") if one["state"] == "running"]


def test_of_two_the_one_is_void_that_a_court_annulled(bka: Side, forum: Side) -> None:
    for n in (1, 2):
        forum.post_item(f"post-{n}", f"https://forum.example/p/{n}", f"This is number {n}.")
    id = delivered(bka, items=TWO)
    tell(forum, "execute", {})
    annul(forum, 1)
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["contradictory"]) == ("executed", False)
    assert [one["state"] for one in order["items"]] == ["void", "executed"]


def test_one_of_two_is_executed_and_the_order_waits_for_the_other(bka: Side, forum: Side) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka, items=TWO)
    tell(forum, "execute", {}, 1)
    order = bka.get(f"/v1/orders/{id}")
    assert order["state"] == "delivered"
    assert [one["state"] for one in order["items"]] == ["executed", "open"]
    tell(forum, "ask", ASK, 2)
    order = bka.get(f"/v1/orders/{id}")
    assert order["state"] == "not_executed"
    refused(bka, f"/v1/orders/{id}/final", bka.officer, None, "not-executed", 409)


def test_an_impediment_ends_and_a_fresh_hour_runs(bka: Side, forum: Side, clock: FakeClock) -> None:
    id = delivered(bka)
    clock.advance(20 * 60)
    tell(forum, "impede", IMPEDE)
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["due_at"]) == ("not_executed", None)
    (hour,) = clocks(order, "tco.remove")
    assert hour["state"] == "suspended"
    clock.advance(5 * HOURS)
    tell(forum, "resume", {})
    order = bka.get(f"/v1/orders/{id}")
    (hour,) = clocks(order, "tco.remove")
    assert (order["state"], len(hour["runs"])) == ("delivered", 2)
    assert moment(order["due_at"]) == clock.now() + timedelta(hours=1)


def test_a_clarification_starts_a_fresh_hour_at_its_receipt(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    id = delivered(bka)
    tell(forum, "ask", ASK)
    blank = {"answer": " \n"}
    refused(bka, f"/v1/orders/{id}/clarify", bka.officer, blank, "invalid-body", 422)
    answered = bka.post(f"/v1/orders/{id}/clarify", bka.officer, {"answer": "The first one."})
    assert answered["state"] == "not_executed"  # until they have it
    clock.advance(2 * HOURS)
    bka.deliver()
    order = bka.get(f"/v1/orders/{id}")
    (hour,) = clocks(order, "tco.remove")
    assert (order["state"], len(hour["runs"])) == ("delivered", 2)
    assert moment(order["due_at"]) == clock.now() + timedelta(hours=1)
    assert forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)["state"] == "open"


def test_a_revoked_order_ends_on_both_sides(bka: Side, forum: Side) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka)
    tell(forum, "execute", {})
    refused(bka, f"/v1/orders/{id}/revoke", bka.officer, {"reason": ""}, "invalid-body", 422)
    order = bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
    assert (order["state"], order["draft"]["ended_reason"]) == ("revoked", "It was another post.")
    bka.deliver()
    assert forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)["state"] == "void"
    order = bka.get(f"/v1/orders/{id}")
    (owed,) = clocks(order, "tco.reinstate", "order")
    assert owed["bearer"] == "them"
    forum.deliver()
    (owed,) = clocks(bka.get(f"/v1/orders/{id}"), "tco.reinstate", "order")
    assert owed["state"] == "met"
    refused(bka, f"/v1/orders/{id}/revoke", bka.officer, {"reason": "so"}, "order-not-open", 409)


def test_a_draft_is_withdrawn_and_nobody_hears_of_it(bka: Side, forum: Side) -> None:
    from tests.orders.drafting_by import approved

    id = approved(bka)
    order = bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
    assert (order["state"], order["messages"]) == ("revoked", [])
    assert bka.deliver() == 0


def test_an_order_that_was_revoked_on_its_way_starts_no_hour(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    id = issued(bka)
    clock.advance(1)
    bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
    bka.deliver()
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], clocks(order, "tco.remove")) == ("revoked", [])
    assert order["received_at"] is not None
    assert forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)["state"] == "void"


def test_non_disclosure_is_extended_once(bka: Side, forum: Side, clock: FakeClock) -> None:
    id = delivered(bka, non_disclosure=SILENT)
    path = f"/v1/orders/{id}/extend"
    long = {"until": "2026-03-15T00:00:01Z", "reason": "The arrest is put off."}
    refused(bka, path, bka.officer, long, "non-disclosure-too-long", 422)
    early = long | {"until": "2026-01-20T00:00:00Z"}
    refused(bka, path, bka.officer, early, "invalid-body", 422)
    once = long | {"until": "2026-03-01T00:00:00Z"}
    order = bka.post(path, bka.officer, once)
    assert moment(order["non_disclosure"]["until"]) == moment(once["until"])
    refused(bka, path, bka.officer, once, "extended-already", 409)
    bka.deliver()
    shown = forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)["non_disclosure"]["until"]
    assert moment(shown) >= moment(once["until"])


def test_where_no_silence_was_asked_for_none_is_extended(bka: Side, forum: Side) -> None:
    id = delivered(bka)
    body = {"until": "2026-01-20T00:00:00Z", "reason": "so"}
    refused(bka, f"/v1/orders/{id}/extend", bka.officer, body, "order-not-open", 409)


def _answer(id: str, **changed: Any) -> dict[str, Any]:
    return {
        "addressee": "A forum",
        "authority": "Internet Referral Unit",
        "authority_reference": "DE-2026-000001",
        "own_reference": "17",
        "received_at": "2026-01-01T00:00:00Z",
        "items": [
            {"url": "https://forum.example/p/1", "measure": "removed", "at": "2026-01-01T00:00:00Z"}
        ],
        "signatory": {"name": "L", "post": "legal", "email": "legal@forum.example"},
    } | changed


@pytest.mark.parametrize("what", ["another", "forged", "incomplete", "other order"])
def test_what_is_not_the_providers_word_moves_nothing(
    bka: Side, forum: Side, clock: FakeClock, what: str
) -> None:
    id = delivered(bka)
    sender = Sender("other.example", kind="platform")
    if what == "another":
        sender.register(bka.instance.database)
    else:
        sender.organisation = FORUM
        sender.private = forum.instance.secrets.organisation_key
        sender.key = forum.own.key
    body = _answer(id, **({"items": []} if what == "incomplete" else {}))
    about = id if what != "other order" else "019b796d-d600-7239-b8c6-5577e8d658ab"
    said = sender.says(clock.now(), "order.executed", order=about, to=bka.id, body=body)
    raw = sender.sign(said, **({"alg": "none"} if what == "forged" else {}))
    headers = {"content-type": "application/jose+json"}
    answer = bka.client.post("/public/orders/inbox", content=raw, headers=headers)
    assert answer.status_code == 202
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["items"][0]["state"]) == ("delivered", "open")
    assert clocks(order, "tco.remove")[0]["state"] == "running"
    assert order["documents"] == ["annex-1"]


def test_addresses_that_the_order_does_not_name_are_for_a_person(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    id = delivered(bka)
    sender = Sender(FORUM.id, kind="platform")
    sender.private, sender.key = forum.instance.secrets.organisation_key, forum.own.key
    more = {"url": "https://forum.example/p/9", "measure": "removed", "at": "2026-01-01T00:00:00Z"}
    body = _answer(id)
    body["items"].append(more)
    raw = sender.message(clock.now(), "order.executed", order=id, to=bka.id, body=body)
    headers = {"content-type": "application/jose+json"}
    bka.client.post("/public/orders/inbox", content=raw, headers=headers)
    order = bka.get(f"/v1/orders/{id}")
    assert (order["contradictory"], order["state"]) == (True, "executed")


def test_what_is_carried_and_claimed_stands_beside_what_is_signed(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    forum.away = True
    id = issued(bka)
    at = "2026-01-01T00:00:00Z"
    brought = {"channel": "the firm's portal", "at": at, "evidence": "ticket 77"}
    later = brought | {"at": "2026-01-02T00:00:00Z"}
    path = f"/v1/orders/{id}"
    refused(bka, f"{path}/carried", bka.officer, later, "invalid-body", 422)
    order = bka.post(f"{path}/carried", bka.officer, brought)
    assert (order["state"], order["received_at"], order["due_at"]) == ("issued", None, None)
    assert clocks(order, "tco.remove") == []
    (claimed,) = clocks(order, "tco.remove", "claimed_item")
    assert moment(claimed["due_at"]) == moment(at) + timedelta(hours=1)
    assert bka.deliver() == 0  # it is no longer sent from here
    clock.advance(60)
    said = {"state": "executed", "at": "2026-01-01T00:00:30Z", "text": "We took it down."}
    order = bka.post(f"{path}/claimed", bka.officer, said)
    assert order["state"] == "issued"
    assert order["items"][0]["state"] == "open"
    assert [(one["kind"], one["channel"], one["state"]) for one in order["claims"]] == [
        ("carried", "the firm's portal", None),
        ("claimed", None, "executed"),
    ]
    (claimed,) = clocks(order, "tco.remove", "claimed_item")
    assert claimed["state"] == "met"


def test_a_draft_is_neither_carried_nor_answered(bka: Side, forum: Side) -> None:
    from tests.orders.drafting_by import begun

    path, at = f"/v1/orders/{begun(bka)}", "2026-01-01T00:00:00Z"
    brought, said = {"channel": "post", "at": at}, {"state": "executed", "at": at}
    refused(bka, f"{path}/carried", bka.officer, brought, "order-not-open", 409)
    refused(bka, f"{path}/claimed", bka.officer, said, "order-not-open", 409)


def test_the_ledger_explains_both_sides_and_finds_what_it_does_not(bka: Side, forum: Side) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka)
    tell(forum, "execute", {})
    bka.post(f"/v1/orders/{id}/final", bka.officer)
    bka.deliver()
    assert faults(bka.instance) == faults(forum.instance) == []
    with bka.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE orders SET state = 'executed'")
        tx.connection.exec_driver_sql("UPDATE order_states SET event = 'void' WHERE n = 2")
    assert len(faults(bka.instance)) == 3


def test_the_annexes_that_came_back_are_read_to_the_byte(bka: Side, forum: Side) -> None:
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka, items=TWO)
    tell(forum, "execute", {}, 1)
    tell(forum, "ask", ASK, 2)
    assert bka.get(f"/v1/orders/{id}")["documents"] == ["annex-1", "annex-2", "annex-3"]
    for name in ("annex-2", "annex-3"):
        document = f"documents/{name}.json"
        ours = bka.get(f"/v1/orders/{id}/{document}")
        assert ours == forum.get(f"/v1/orders/{theirs(forum)}/{document}", forum.legal)
    assert ours["clarification"] == ASK["needed"]
