"""The clocks of an order that came to us: which start with what, each about a URL, the order or a hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.clocks.model import Clock, Due, Subject
from tidegate.clocks.queries import clocks_of
from tidegate.clocks.rings import ring
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.orders.actions import refresh
from tidegate.orders.messages.model import Ours
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import order_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.watching import Watching, about_item, about_order

US = "provider"


def about_hold(hold_id: UUID) -> Subject:
    return Subject("hold", str(hold_id))


class Timing(msgspec.Struct, frozen=True):
    """The clocks of one order, in one transaction."""

    tx: Tx
    instance: Instance
    own: Ours
    order_id: UUID

    @property
    def _clocks(self) -> Watching:
        return Watching(self.tx, self.instance, US)

    def start(
        self,
        name: str,
        subject: Subject,
        event: str,
        at: datetime,
        *,
        until: datetime | None = None,
    ) -> Clock:
        """Let a clock run from an event on, by our own days."""
        holder = self.own.organisation
        return self._clocks.start(name, subject, event, at, holder, self.order_id, until)

    def start_each(
        self, name: str, subjects: Sequence[Subject], event: str, at: datetime
    ) -> list[Clock]:
        """The same about each of several subjects, all different."""
        holder = self.own.organisation
        return self._clocks.start_each(name, subjects, event, at, holder, self.order_id)

    def happen(
        self,
        event: str,
        subject: Subject,
        at: datetime | None = None,
        *,
        until: datetime | None = None,
    ) -> None:
        """Tell the clocks of a subject what happened, now unless told otherwise."""
        self.happen_each(event, {subject: at or self.tx.now}, until=until)

    def happen_each(
        self, event: str, moments: Mapping[Subject, datetime], *, until: datetime | None = None
    ) -> None:
        """The same about each of several subjects: `moments` says when it happened to each."""
        self._clocks.happen_each(event, moments, until=until)

    def of_items(
        self, items: Sequence[ItemOfOrder], event: str, at: datetime | None = None
    ) -> None:
        """Tell the clocks of these items what happened to each of them."""
        self.happen_each(event, dict.fromkeys(self.about(items), at or self.tx.now))

    def about(self, items: Sequence[ItemOfOrder]) -> list[Subject]:
        return [about_item(self.order_id, one.n) for one in items]

    def due(self, name: str, at: datetime) -> Due:
        """When a period of this kind would end that starts then."""
        organisation = self.own.organisation
        packs = self.instance.clocks
        terms = packs.terms(organisation.zone, organisation.member_state)
        return packs.due(packs.definition(name), at, terms)

    def ask_scrutiny(self) -> None:
        """Scrutiny is asked for; whether in time, or after the two days, the ledger says."""
        subject = about_order(self.order_id)
        asked = [one for one in clocks_of(self.tx, [subject]) if one.name == "tco.scrutiny_request"]
        late = any(self.tx.now > one.due_at for one in asked)
        self.happen("scrutiny.requested", subject)
        record = {"order": self.order_id, "by": "provider", "late": late}
        append(self.tx, "order.scrutiny_requested", record, self.order_id)

    def settle(self) -> None:
        """Let the order's state, and when its first hour ends, follow from its items."""
        refresh(self.tx, self.order_id, self._clocks.due_at(self.order_id))

    def ring(self, *, contradictory: bool = False) -> OrderRow:
        """Call people: now, and each `ring_seconds` until somebody has it. Returns the order."""
        order = order_of(self.tx, self.order_id)
        data: dict[str, object] = {"order": order.id, "state": order.state}
        data["due_at"] = order.due_at
        if contradictory:
            data["contradictory"] = True
        ring(self.tx, "order.received", data, order=order.id)
        return order
