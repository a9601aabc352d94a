"""Each row of an order item's table, on a database: by messages and by people, with its clocks; and what is
refused, which writes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from tests.orders.desk import OTHER, Desk, annex
from tests.orders.letters import Sender

from tidegate.access.platforms import refuse_others
from tidegate.clocks.calls import claim_call
from tidegate.enforcement.webhooks import create_webhook
from tidegate.exchange.actions import revoke_key
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.house import MESSAGE_TYPES
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import execute as executing
from tidegate.pipeline.orders.authors import end_silences
from tidegate.pipeline.orders.verbs import AnnulIn, annul
from tidegate.pipeline.ringing import CALL_LEASE, ring_due
from tidegate.pipeline.verify import verify

URL = "https://forum.example/p/1"
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def refused(desk: Desk, work: Any, type: str, status: int) -> Refusal:
    """It is refused, and nothing was written."""
    before = desk.everything()
    with pytest.raises(Refusal) as caught:
        work()
    assert (caught.value.type, caught.value.status) == (type, status)
    assert desk.everything() == before
    return caught.value


def test_a_doubtful_order_has_the_same_clock_and_acts_by_nobody(desk: Desk) -> None:
    """Never 2 and 7: the clock runs whatever the signature says, and a forged order never acts."""
    desk.post("post-1", url=URL)
    forger = Sender(desk.sender.id)  # another key under the same name
    body = annex(desk.sender, desk.now, [URL])
    receipt = desk.says("order.issued", body, sender=forger)
    assert (receipt["verified"], receipt["problems"]) == (False, ["key-unknown"])
    forged = UUID(receipt["order"])
    assert (desk.order(forged).state, desk.order(forged).verified) == ("doubtful", False)
    (clock,) = desk.clocks(forged)
    assert (clock.state, clock.due_at) == ("running", desk.now + HOUR)
    refused(desk, lambda: desk.execute(forged), "order-not-open", 409)
    # A forger who guesses the id does not stand in the way of the order itself.
    other = "https://forum.example/p/2"
    desk.post("post-2", url=other)
    real = desk.ordered(other)
    assert real != forged
    assert desk.order(real).state == "open"
    assert desk.order(forged).state == "doubtful"
    # And what is unsigned never touches what is proven.
    altered = desk.says("order.issued", annex(desk.sender, desk.now, [other]), sender=forger)
    assert altered["order"] != str(real)
    desk.says("order.revoked", {"reason": "never mind"}, sender=forger)
    assert desk.order(real).state == "open"
    # Rejected by two persons.
    assert desk.do("reject", forged, reason="forged") is None
    refused(desk, lambda: desk.do("reject", forged, reason="forged"), "same-person", 409)
    rejected = desk.do("reject", forged, by=OTHER, reason="forged")
    assert rejected.state == "rejected"
    assert [one.state for one in desk.clocks(forged)] == ["void"]


def test_a_key_revoked_yesterday_authenticated_by_telephone(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    kid, at = desk.sender.key.kid, desk.now - timedelta(days=1)
    desk.tx(lambda tx: revoke_key(tx, desk.sender.id, kid, at, "lost"), "user:x@forum.example")
    order = desk.ordered(URL)
    assert desk.shown(order)["problems"] == ["key-revoked"]
    due = desk.order(order).due_at
    desk.wait(minutes=10)
    desk.do("authenticate", order, how="called the number in the Commission's list")
    assert (desk.order(order).state, desk.order(order).due_at) == ("open", due)
    desk.execute(order)
    assert [one.state for one in desk.clocks(order)] == ["met"]
    assert [type for type, _ in desk.sent(order)] == ["order.executed"]


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"to": "other.example"}, ["not-addressed-to-us"]),
        ({"synthetic": True}, ["synthetic-differs"]),
        ({"body": {"items": [{"url": URL}]}}, ["incomplete"]),
    ],
)
def test_what_is_not_complete_or_not_for_us_is_doubtful(
    desk: Desk, changes: dict[str, Any], problems: list[str]
) -> None:
    body = changes.pop("body", None) or annex(desk.sender, desk.now, [URL])
    receipt = desk.says("order.issued", body, **changes)
    assert receipt["problems"] == problems
    order = UUID(receipt["order"])
    assert desk.order(order).state == "doubtful"
    assert [one.state for one in desk.clocks(order)] == ["running"]


def test_an_order_that_names_nothing_has_a_clock_all_the_same(desk: Desk) -> None:
    receipt = desk.says("order.issued", {})
    order = UUID(receipt["order"])
    assert desk.states(order) == ["doubtful"]
    assert [one.due_at for one in desk.clocks(order)] == [desk.now + HOUR]


def test_an_authority_that_may_not_issue(desk: Desk) -> None:
    overseer = Sender("oversight.example", functions=("oversee",))
    overseer.register(desk.instance.database)
    receipt = desk.says("order.issued", annex(overseer, desk.now, [URL]), sender=overseer)
    assert receipt["problems"] == ["not-competent"]
    assert desk.order(UUID(receipt["order"])).state == "doubtful"


def test_asking_and_clarification_and_a_fresh_hour(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.wait(minutes=10)
    desk.do("ask", order, ground="insufficient_information", needed="Which of the posts?")
    assert (desk.states(order), desk.order(order).due_at) == (["asking"], None)
    ((type, body),) = desk.sent(order)
    assert (type, body["grounds"]) == ("order.not_executed", ["insufficient_information"])
    assert body["clarification"] == "Which of the posts?"
    # Only its own authority's answer counts.
    stranger = Sender("other.example")
    stranger.register(desk.instance.database)
    desk.says("order.clarified", {"answer": "The first."}, sender=stranger)
    assert desk.states(order) == ["asking"]
    desk.wait(hours=3)
    desk.says("order.clarified", {"answer": "The first."})
    assert desk.states(order) == ["open"]
    assert desk.order(order).due_at == desk.now + HOUR
    (clock,) = desk.clocks(order)
    assert [one.end_event for one in clock.runs] == ["order.asked", None]


def test_void_in_each_way(desk: Desk) -> None:
    """Never 3: revoked by its issuer, found to infringe, annulled by a court."""
    establishment = Sender("establishment.example", functions=("scrutinise",))
    establishment.register(desk.instance.database)
    stranger = Sender("stranger.example", functions=("scrutinise",), member_state="FR")
    stranger.register(desk.instance.database)
    for n in (1, 2, 3):
        desk.post(f"post-{n}", url=f"https://forum.example/p/{n}")
    ids = [
        desk.ordered(f"https://forum.example/p/{n}", order=f"o-{n}", reference=f"r-{n}")
        for n in (1, 2, 3)
    ]
    for one in ids:
        desk.execute(one)
    desk.wait(hours=1)
    desk.says("order.revoked", {"reason": "A mistake."}, order="o-1")
    finding = {"issuer": desk.sender.id, "finding": "infringement", "reasons": "It is news."}
    receipt = desk.says("scrutiny.decided", finding, order="o-2", sender=stranger)
    assert receipt["problems"] == ["not-competent"]
    assert desk.states(ids[1]) == ["executed"]
    receipt = desk.says("scrutiny.decided", finding, order="o-2", sender=establishment)
    assert receipt["problems"] == []
    assert desk.do("annul", ids[2], court="VG Wiesbaden", reference="6 K 1/26") is None
    same: dict[str, Any] = {"court": "VG Wiesbaden", "reference": "6 K 1/26"}
    refused(desk, lambda: desk.do("annul", ids[2], **same), "same-person", 409)
    assert desk.do("annul", ids[2], by=OTHER, **same).state == "void"
    for n, one in enumerate(ids, 1):
        assert desk.states(one) == ["void"]
        assert [kind for kind, _ in desk.actions(f"post-{n}")] == ["restrict", "lift"]
        assert desk.shown(one)["items"][0]["hold"] is not None
        assert [clock.state for clock in desk.clocks(one, "tco.reinstate")] == ["met"]
        assert "reinstated" in [type for type, _ in desk.sent(one)]
    held = "item-held"
    refused(desk, lambda: desk.tx(lambda tx: erase_item(tx, "forum", "post-1")), held, 409)


def test_final_after_void_contradicts_and_neither_acts(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    desk.says("order.final", {})
    assert desk.states(order) == ["final"]
    desk.says("order.revoked", {"reason": "A mistake."})
    assert (desk.states(order), desk.order(order).contradictory) == (["void"], False)
    desk.says("order.final", {})
    assert (desk.states(order), desk.order(order).contradictory) == (["void"], True)
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict", "lift"]


@pytest.mark.parametrize("known", [True, False])
def test_a_finding_after_another_contradicts_and_does_not_act(desk: Desk, known: bool) -> None:
    """Also where the first one came before the order did."""
    establishment = Sender("establishment.example", functions=("scrutinise",))
    establishment.register(desk.instance.database)

    def found(finding: str) -> None:
        said = {"issuer": desk.sender.id, "finding": finding, "reasons": "It is looked into."}
        desk.says("scrutiny.decided", said, sender=establishment)

    desk.post("post-1", url=URL)
    if not known:
        found("none")
    order = desk.ordered(URL)
    desk.execute(order)
    for _ in range(2):
        desk.wait(minutes=1)
        found("none")
    assert (desk.states(order), desk.order(order).contradictory) == (["executed"], False)
    desk.wait(minutes=1)
    found("infringement")
    assert (desk.states(order), desk.order(order).contradictory) == (["executed"], True)
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict"]
    # Its issuer may still revoke it.
    desk.says("order.revoked", {"reason": "A mistake."})
    assert desk.states(order) == ["void"]


def test_that_nothing_is_found_after_an_infringement_was_contradicts(desk: Desk) -> None:
    establishment = Sender("establishment.example", functions=("scrutinise",))
    establishment.register(desk.instance.database)
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    for finding, contradictory in [
        ("infringement", False),
        ("infringement", False),
        ("none", True),
    ]:
        desk.wait(minutes=1)
        said = {"issuer": desk.sender.id, "finding": finding, "reasons": "It is looked into."}
        desk.says("scrutiny.decided", said, sender=establishment)
        assert (desk.states(order), desk.order(order).contradictory) == (["void"], contradictory)
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict", "lift"]


def test_revoked_before_it_came(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    assert desk.says("order.revoked", {"reason": "A mistake."})["order"] is None
    order = desk.ordered(URL)
    assert (desk.order(order).state, desk.order(order).contradictory) == ("doubtful", True)
    types = [one["type"] for one in desk.shown(order)["messages"]]
    assert sorted(types) == ["order.issued", "order.revoked"]
    assert [one.state for one in desk.clocks(order)] == ["running"]


def test_the_same_order_with_other_addresses_contradicts(desk: Desk) -> None:
    order = desk.ordered(URL)
    again = desk.ordered("https://forum.example/p/9")
    assert again == order
    assert desk.order(order).contradictory
    assert [one["url"] for one in desk.shown(order)["items"]] == [URL]
    rings = desk.tx(
        lambda tx: tx.connection.exec_driver_sql("SELECT data FROM rings ORDER BY since, id").all()
    )
    assert any(row.data.get("contradictory") for row in rings)


def test_three_addresses_one_exact_one_of_another_host_one_of_two(desk: Desk) -> None:
    """Never 4: an order is never widened by us."""
    twice = "https://forum.example/thread/7"
    desk.post("post-1", url=URL)
    desk.post("post-2", text="a", url=twice)
    desk.post("post-3", text="b", url=twice)
    order = desk.ordered(URL, "https://elsewhere.example/1", twice)
    shown = desk.shown(order)
    assert [one["item"] for one in shown["items"]] == ["post-1", None, None]
    assert [one["problems"] for one in shown["items"]] == [[], ["host-unknown"], []]
    assert sorted(shown["items"][2]["candidates"]) == ["post-2", "post-3"]
    assert shown["state"] == "open"
    desk.wait(minutes=1)
    desk.execute(order)
    assert desk.states(order) == ["executed", "open", "open"]
    refused(desk, lambda: desk.execute(order, 3), "invalid-body", 422)
    refused(desk, lambda: desk.execute(order, 3, item="post-1"), "invalid-body", 422)
    refused(desk, lambda: desk.execute(order, 2), "invalid-body", 422)
    refused(desk, lambda: desk.execute(order, 4), "order-unknown", 404)
    desk.wait(minutes=1)
    desk.execute(order, 3, item="post-3")
    desk.wait(minutes=1)
    assert desk.actions("post-2") == []
    assert [kind for kind, _ in desk.actions("post-3")] == ["restrict"]
    desk.do("ask", order, 2, ground="manifest_error", needed="That host is not ours.")
    sent = desk.sent(order)
    assert [type for type, _ in sent] == ["order.executed"] * 2 + ["order.not_executed"]
    assert sent[2][1]["items"] == [{"url": "https://elsewhere.example/1"}]
    refused(desk, lambda: desk.do("resume", order), "order-not-open", 409)


def test_found_by_the_id_of_the_post(desk: Desk) -> None:
    desk.post("post-1")
    order = desk.ordered({"url": "https://forum.example/p/77", "item_id": "post-1"})
    assert desk.shown(order)["items"][0]["item"] == "post-1"


def test_what_is_not_public_is_no_subject(desk: Desk) -> None:
    desk.post("post-1", url=URL, publicness="private")
    order = desk.ordered(URL)
    assert desk.shown(order)["items"][0]["problems"] == ["not-public"]
    refused(desk, lambda: desk.execute(order), "not-public", 422)


def test_what_was_gone_before_is_removed_with_our_time(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    desk.post("post-2", text="b")
    desk.wait(minutes=5)
    gone = desk.now
    desk.tx(lambda tx: erase_item(tx, "forum", "post-1"))
    desk.wait(minutes=5)
    named = [{"url": URL, "item_id": "post-1"}]
    order = desk.ordered(*named, {"url": "https://forum.example/p/2", "item_id": "post-2"})
    assert desk.shown(order)["items"][0]["problems"] == ["item-erased"]
    desk.wait(minutes=5)
    desk.tx(lambda tx: erase_item(tx, "forum", "post-2"))
    refused(desk, lambda: desk.execute(order, 2), "item-erased", 410)
    desk.execute(order, 1)
    (_, body) = desk.sent(order)[0]
    assert body["items"] == [{"url": URL, "measure": "removed", "at": in_full(gone)}]
    assert desk.shown(order)["items"][0]["hold"] is None


def test_a_key_that_is_bound_to_another_platform(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    bound = Acting("user:a@b.example", platforms=frozenset({"other"}))
    given = executing.ExecuteIn()

    def work() -> None:
        with desk.instance.database.begin(bound) as tx:
            executing.execute(tx, desk.instance, order, None, given)

    refused(desk, work, "platform-bound", 403)
    with pytest.raises(Refusal):
        refuse_others(bound.platforms, "forum")


@pytest.mark.parametrize(
    ("verb", "given", "states"),
    [
        ("authenticate", {"how": "called"}, "open"),
        ("reject", {"reason": "forged"}, "open"),
        ("resume", {}, "open"),
        ("impede", {"ground": "impossible", "explanation": "x"}, "executed"),
        ("ask", {"ground": "manifest_error", "needed": "x"}, "executed"),
        ("annul", {"court": "x", "reference": "y"}, "void"),
        ("impede", {"ground": "impossible", "explanation": " \u200b "}, "open"),
        ("ask", {"ground": "manifest_error", "needed": "\t"}, "open"),
    ],
)
def test_what_the_state_does_not_allow_writes_nothing(
    desk: Desk, verb: str, given: dict[str, Any], states: str
) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    if states in ("executed", "void"):
        desk.execute(order)
    if states == "void":
        desk.says("order.revoked", {"reason": "A mistake."})
    assert desk.states(order) == [states]
    blank = any(isinstance(one, str) and not one.strip(" \t\u200b") for one in given.values())
    type, status = ("invalid-body", 422) if blank else ("order-not-open", 409)
    refused(desk, lambda: desk.do(verb, order, **given), type, status)
    refused(
        desk,
        lambda: desk.do(verb, uuid4(), **given),
        *(("invalid-body", 422) if blank else ("order-unknown", 404)),
    )


def silent(desk: Desk, days: int = 14) -> dict[str, Any]:
    until = desk.now + timedelta(days=days)
    said = {"decided_at": in_full(desk.now), "until": in_full(until), "reason": "An inquiry."}
    return {"non_disclosure": said}


@pytest.mark.parametrize(
    "said", ["until Christmas", {}, {"decided_at": "yesterday", "reason": "x"}]
)
def test_an_author_is_not_told_where_the_decision_cannot_be_read(desk: Desk, said: object) -> None:
    hook(desk)
    desk.post("post-1", url=URL)
    order = desk.ordered(URL, non_disclosure=said)
    assert desk.order(order).state == "doubtful"
    until = desk.now + timedelta(weeks=6)  # in winter: no hour is skipped
    assert desk.order(order).non_disclosure_until == until
    assert desk.shown(order)["non_disclosure"]["decided_at"] is None
    desk.do("authenticate", order, how="I called the number of the registry.")
    desk.execute(order)
    assert desk.notices("order.author_information") == []
    (waits,) = desk.clocks(order, "tco.non_disclosure")
    assert waits.live


def test_while_nobody_may_be_told_nobody_is(desk: Desk) -> None:
    """Acceptance 8, never 5: the author is told at the end, and not before."""
    hook(desk)
    desk.post("post-1", url=URL)
    words = "come to the old bridge on friday and bring the others with you, all of them"
    order = desk.ordered(URL, **silent(desk))
    desk.post("post-2", text=words)
    until = desk.now + timedelta(days=14)
    desk.execute(order)
    assert desk.notices("order.author_information") == []
    assert desk.clocks(order, "tco.inform_author") == []
    extended = {
        "decided_at": in_full(desk.now),
        "until": in_full(until + timedelta(weeks=6)),
        "reason": "It goes on.",
    }
    desk.says("non_disclosure.extended", extended)
    desk.says("non_disclosure.extended", extended | {"until": in_full(until)})
    assert desk.order(order).contradictory
    until += timedelta(weeks=6)
    assert desk.order(order).non_disclosure_until == until
    desk.clock.advance((until - desk.now).total_seconds() - 1)
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 0
    assert desk.notices("order.author_information") == []
    desk.wait(seconds=1)
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 1
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 0
    (told,) = desk.notices("order.author_information")
    assert (told["item"], told["order"]) == ("post-1", str(order))
    assert told["document"]["reference"] == "2026/0001"


def test_an_extension_that_overtakes_its_order_counts(desk: Desk) -> None:
    """Never 5 however messages overtake: the author is told at the extended end, and not before."""
    hook(desk)
    desk.post("post-1", url=URL)
    said = silent(desk)
    first = desk.now + timedelta(days=14)
    until = first + timedelta(weeks=2)
    extended = {"decided_at": in_full(desk.now), "until": in_full(until), "reason": "It goes on."}
    assert desk.says("non_disclosure.extended", extended)["order"] is None
    desk.wait(minutes=1)
    order = desk.ordered(URL, **said)
    found = desk.order(order)
    assert (found.state, found.contradictory) == ("open", False)
    assert (found.non_disclosure_first, found.non_disclosure_until) == (first, until)
    types = [one["type"] for one in desk.shown(order)["messages"]]
    assert sorted(types) == ["non_disclosure.extended", "order.issued"]
    desk.execute(order)
    desk.clock.advance((first - desk.now).total_seconds() + 1)
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 0
    desk.clock.advance((until - desk.now).total_seconds() - 1)
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 0
    assert desk.notices("order.author_information") == []
    desk.wait(seconds=1)
    assert desk.tx(lambda tx: end_silences(tx, desk.instance)) == 1
    (told,) = desk.notices("order.author_information")
    assert (told["item"], told["order"]) == ("post-1", str(order))


def test_the_author_is_told_at_once_where_nothing_forbids_it(desk: Desk) -> None:
    hook(desk)
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    (told,) = desk.notices("order.author_information")
    assert (told["item"], told["order"]) == ("post-1", str(order))


def test_held_for_longer_on_request(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    until = desk.now + timedelta(days=300)
    desk.says("preservation.extended", {"until": in_full(until), "reason": "A review."})
    assert desk.shown(order)["items"][0]["hold"]["until"] == in_full(until)
    assert not desk.order(order).contradictory
    desk.says("preservation.extended", {"until": in_full(desk.now), "reason": "A review."})
    assert desk.order(order).contradictory
    assert desk.shown(order)["items"][0]["hold"]["until"] == in_full(until)


def test_the_ledger_explains_what_orders_are(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL, "https://forum.example/p/2")
    desk.execute(order)
    desk.do("impede", order, ground="impossible", explanation="x")
    desk.do("resume", order)
    desk.do("impede", order, ground="impossible", explanation="y")
    home = desk.instance
    seal(home.database, home.secrets.ledger_key, home.settings.data_dir / HEAD_FILE)
    assert desk.tx(lambda tx: explained(tx, desk)) == []
    forged = "UPDATE order_items SET state = 'executed' WHERE n = 2"
    desk.tx(lambda tx: tx.execute(sa.text(forged)))
    (fault,) = desk.tx(lambda tx: explained(tx, desk))
    assert fault == f"item 2 of the order {order} is executed, and never came to be so"
    added = (
        "INSERT INTO order_item_states (id, order_id, n, state, event, entered_at, entered_by)"
        " SELECT gen_random_uuid(), order_id, 2, 'executed', 'execute', entered_at, 'x'"
        " FROM order_item_states WHERE n = 1 LIMIT 1"
    )
    desk.tx(lambda tx: tx.execute(sa.text(added)))
    found = desk.tx(lambda tx: explained(tx, desk))
    assert any("no entry of the ledger tells it" in one for one in found)


def explained(tx: Tx, desk: Desk) -> list[str]:
    """What nothing explains."""
    key = desk.instance.secrets.ledger_key.public_key()
    return [fault.detail for fault in verify(tx, key).faults]


def hook(desk: Desk) -> None:
    """A target that gets what there is for authors."""
    with desk.instance.database.begin() as tx:
        create_webhook(tx, "https://platform.example/hook", enforce=True, known=MESSAGE_TYPES)


def test_who_is_bound_to_another_platform_ends_nothing_of_it(desk: Desk) -> None:
    """Never 3: an order that was called void by whoever cannot let its post go would hold it down for ever."""
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    said = AnnulIn("VG Wiesbaden", "6 L 12/26")
    for name in ("a", "b"):
        bound = Acting(f"user:{name}@b.example", platforms=frozenset({"other"}))
        with (
            desk.instance.database.begin(bound) as tx,
            pytest.raises(Refusal, match="platform") as caught,
        ):
            annul(tx, desk.instance, order, None, said)
        assert (caught.value.type, caught.value.status) == ("platform-bound", 403)
    assert desk.states(order) == ["executed"]


def test_of_many_forged_orders_the_verified_one_is_called_about_first(desk: Desk) -> None:
    settings = msgspec.structs.replace(desk.instance.settings, on_call_command=["/bin/true"])
    forger = Sender("nobody.example")
    for n in range(3):
        forged = annex(forger, desk.now, [URL], reference=f"f-{n}")
        desk.says("order.issued", forged, order=f"f-{n}", sender=forger)
    desk.wait(minutes=1)
    order = desk.ordered(URL)
    assert desk.tx(lambda tx: ring_due(tx, settings)) == 4
    first = desk.tx(lambda tx: claim_call(tx, CALL_LEASE, "here"))
    assert (first.about, first.proven, first.ends_at) == (order, True, desk.now + HOUR)
    second = desk.tx(lambda tx: claim_call(tx, CALL_LEASE, "there"))
    assert (second.proven, second.ends_at) == (False, desk.now + HOUR - timedelta(minutes=1))
