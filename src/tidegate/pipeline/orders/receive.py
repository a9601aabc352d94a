"""An order comes: as a signed message, as a file, or by the form. One order is one, however often and by
whatever way it comes, and its hour runs from the first time on, whatever is doubtful about it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.clocks.queries import clocks_of
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.orders import actions as orders
from tidegate.orders.messages.model import Ours
from tidegate.orders.model import UNDONE, ItemOfOrder, OrderRow, State
from tidegate.orders.queries import items_of, order_of, orders_called, url_keys_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.answers import crosses_borders, send_unsent
from tidegate.pipeline.orders.authors import keep_silent
from tidegate.pipeline.orders.lookup import Found, Named, look_up
from tidegate.pipeline.orders.proving import Signed, end_silence, name_anew
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.orders.watching import HOUR, about_order

Channel = Literal["inbox", "upload", "form"]
"""How it came: as a message, written down by a person of ours, by the open form."""
NOT_FOR_US = frozenset(("not-addressed-to-us", "synthetic-differs"))
HARMLESS = frozenset(("late", "host-unknown"))


class Silence(msgspec.Struct, frozen=True):
    """The authority's decision that the author is not told."""

    decided_at: datetime
    until: datetime


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it came. `firm`: it is its issuer's, and to us. `doubts`: why nothing may act by it
    alone, beside the codes in `problems`. `way` is what a person calls the way that it came."""

    issuer: str
    recipient: str
    channel: Channel
    way: str | None = None
    received_at: datetime
    verified: bool = False
    problems: list[str] = []
    doubts: bool = False
    order_ref: str | None = None
    reference: str | None = None
    issued_at: datetime | None = None
    annex: dict[str, Any] | None = None
    named: Sequence[Named] = ()
    silence: Silence | None = None
    file: bytes | None = None
    content_type: str | None = None
    place: bytes | None = None

    @property
    def firm(self) -> bool:
        return self.verified and not NOT_FOR_US & set(self.problems)

    @property
    def good(self) -> bool:
        """Whether a person may act by it at once."""
        return self.verified and not self.doubts and set(self.problems) <= HARMLESS


class Taken(msgspec.Struct, frozen=True):
    """The order that it is, whether it had come before, what is wrong with single items of it, and the receipt
    by which it came this time."""

    order: OrderRow
    joined: bool
    problems: list[str]
    receipt: UUID

    @property
    def told(self) -> UUID:
        """By which number of ours a stranger is told of it: always a new one, so that none learns what was here
        before."""
        return self.receipt if self.joined else self.order.id


def receive(tx: Tx, instance: Instance, own: Ours, arrived: Arrived) -> Taken:
    """Take an order in: with its clock, and ringing. One that had come before is joined, and nothing of it
    changes but that a message may prove it."""
    orders.hold_issuer(tx, arrived.issuer)
    key, hosts = instance.secrets.terms_key, own.organisation.hosts
    found = look_up(tx, key, hosts, arrived.named or [Named("")])
    keys = [one.url_key for one in found]
    known, contrary = _known(tx, arrived, keys)
    problems = sorted({code for one in found for code in one.problems if code == "host-unknown"})
    if known is None:
        order, receipt = _keep(tx, instance, own, arrived, found)
    else:
        order, receipt = _join(tx, instance, own, arrived, known, found, contrary=contrary)
    return Taken(order, known is not None, problems, receipt)


def _known(tx: Tx, arrived: Arrived, keys: Sequence[bytes | None]) -> tuple[OrderRow | None, bool]:
    """The order that this is, and whether what came says otherwise. What is unverified never stands in the
    way of what is: it is the same only where it names the same, and people have not turned it down."""
    called = orders_called(
        tx, "in", arrived.issuer, order_ref=arrived.order_ref, reference=arrived.reference
    )
    for one in called:
        named = set(url_keys_of(tx, one.id))
        firm = one.verified and not NOT_FOR_US & set(one.problems)
        if arrived.channel == "upload" or (arrived.firm and firm):
            more = set(keys) - {None} - named
            return one, named != set(keys) if arrived.firm else bool(more)
        alike = named == set(keys) and not (arrived.firm and one.state == "rejected")
        if alike and (arrived.firm or not firm):
            return one, False
        if arrived.channel == "form" and set(keys) <= named:
            return one, False
    return None, False


def _keep(
    tx: Tx, instance: Instance, own: Ours, arrived: Arrived, found: Sequence[Found]
) -> tuple[OrderRow, UUID]:
    begins: State = "open" if arrived.good else "doubtful"
    order = OrderRow(
        id=uuid7(tx.now),
        direction="in",
        kind="order",
        issuer=arrived.issuer,
        order_ref=arrived.order_ref,
        reference=arrived.reference,
        recipient=arrived.recipient,
        state=begins,
        verified=arrived.verified,
        problems=arrived.problems,
        received_at=arrived.received_at,
        issued_at=arrived.issued_at,
        channel=arrived.way or arrived.channel,
        annex=arrived.annex,
        contradictory=False,
        non_disclosure_until=None,
        non_disclosure_first=None,
        disclosed_at=None,
        due_at=None,
        created_at=tx.now,
    )
    urls = [one.url for one in arrived.named] or [""]
    items = [
        (_item(tx, order, n, url, one, begins), one.url_key)
        for n, (url, one) in enumerate(zip(urls, found, strict=True), 1)
    ]
    orders.keep_order(tx, order, items)
    receipt = _note(tx, order, arrived)
    timing = Timing(tx, instance, own, order.id)
    subjects = timing.about([one for one, _ in items])
    timing.start_each(HOUR, subjects, "order.received", arrived.received_at)
    _let_scrutinise(timing, order, arrived.received_at)
    _hush(timing, order, arrived)
    timing.settle()
    return timing.ring(), receipt


def _let_scrutinise(timing: Timing, order: OrderRow, received_at: datetime) -> None:
    if crosses_borders(timing.tx, timing.own, order):
        subject = about_order(order.id)
        timing.start("tco.scrutiny_request", subject, "order.received", received_at)


def _item(tx: Tx, order: OrderRow, n: int, url: str, found: Found, begins: State) -> ItemOfOrder:
    return ItemOfOrder(
        order_id=order.id,
        n=n,
        url=url,
        state=begins,
        problems=found.problems,
        candidates=[one.id for one in found.candidates],
        item_id=None if found.item is None else found.item.id,
        measure=None,
        at=None,
        provisional=False,
        hold_id=None,
        decision_id=None,
        since=tx.now,
    )


def _join(
    tx: Tx,
    instance: Instance,
    own: Ours,
    arrived: Arrived,
    known: OrderRow,
    found: Sequence[Found],
    *,
    contrary: bool,
) -> tuple[OrderRow, UUID]:
    """The same order again: one that is proven now is open; one that says otherwise, or is over, is for a
    person."""
    order = order_of(tx, known.id, lock=True)
    receipt = _note(tx, order, arrived)
    timing = Timing(tx, instance, own, order.id)
    if order.received_at is None or arrived.received_at < order.received_at:
        _earlier(timing, arrived)
    if contrary:
        orders.contradict(tx, order.id, f"it came again by {arrived.channel} with other addresses")
        timing.ring(contradictory=True)
    elif order.state == "rejected" or (arrived.firm and order.state == "void"):
        orders.contradict(tx, order.id, f"it came again by {arrived.channel}, and is {order.state}")
        timing.ring(contradictory=True)
    elif arrived.firm and not order.verified:
        _prove(tx, timing, order, arrived, found)
    return order_of(tx, order.id), receipt


def _earlier(timing: Timing, arrived: Arrived) -> None:
    """It had come before we knew: of two claims of when, the earlier one counts."""
    orders.change(timing.tx, timing.order_id, received_at=arrived.received_at)
    undone = [one for one in items_of(timing.tx, timing.order_id) if one.state in UNDONE]
    timing.start_each(HOUR, timing.about(undone), "order.received", arrived.received_at)
    timing.settle()


def _prove(
    tx: Tx, timing: Timing, order: OrderRow, arrived: Arrived, found: Sequence[Found]
) -> None:
    """What came before without a proof has one now: whatever a person did about it stands."""
    urls = [one.url for one in arrived.named] or [""]
    name_anew(timing, order, [Signed(*one) for one in zip(urls, found, strict=True)])
    end_silence(timing, order)
    if any(one.state == "rejected" for one in items_of(tx, order.id)):
        orders.contradict(tx, order.id, "its issuer signed it, and a part of it was rejected")
    orders.change(
        tx,
        order.id,
        verified=True,
        order_ref=arrived.order_ref,
        reference=arrived.reference,
        recipient=arrived.recipient,
        problems=arrived.problems,
        issued_at=arrived.issued_at,
        annex=arrived.annex,
    )
    running = {one.name for one in clocks_of(tx, [about_order(order.id)])}
    if "tco.scrutiny_request" not in running:  # it said of itself that it is of our own state
        proven = order_of(tx, order.id)
        _let_scrutinise(timing, proven, proven.received_at or arrived.received_at)
    _hush(timing, order, arrived)
    if arrived.good:
        doubtful = [one for one in items_of(tx, order.id) if one.state == "doubtful"]
        orders.move(tx, doubtful, "authenticate", given={"how": "its issuer signed it"})
    send_unsent(tx, timing.own, order.id)
    timing.settle()
    timing.ring()


def _note(tx: Tx, order: OrderRow, arrived: Arrived) -> UUID:
    return orders.note_receipt(
        tx,
        order.id,
        channel=arrived.way or arrived.channel,
        received_at=arrived.received_at,
        file=arrived.file,
        content_type=arrived.content_type,
        place=arrived.place,
    )


def _hush(timing: Timing, order: OrderRow, arrived: Arrived) -> None:
    """Non-disclosure counts from the authority's decision, also while the order is doubtful."""
    silence = arrived.silence
    if silence is None:
        return
    subject = about_order(order.id)
    clock = timing.start(
        "tco.non_disclosure",
        subject,
        "non_disclosure.decided",
        silence.decided_at,
        until=silence.until,
    )
    orders.change(timing.tx, order.id, non_disclosure_until=clock.ends_at)
    keep_silent(timing, clock.ends_at)
