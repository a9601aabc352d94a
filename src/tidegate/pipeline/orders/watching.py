"""The clocks about orders, as each side sees them: its own duties, and those of others, which are called late by
the generous reading alone, in the time zone of whoever has the duty."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.clocks import actions as clocks
from tidegate.clocks.model import Clock, Subject
from tidegate.clocks.queries import first_due
from tidegate.exchange.model import Organisation
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance

ISSUER, ESTABLISHMENT = "authority", "establishment"
HOUR = "tco.remove"


def about_item(order_id: UUID, n: int) -> Subject:
    return Subject("order_item", f"{order_id}/{n}")


def about_order(order_id: UUID) -> Subject:
    return Subject("order", str(order_id))


def about_claim(order_id: UUID, n: int) -> Subject:
    """An item of an order as far as its times are only claimed: what is signed has clocks of its own."""
    return Subject("claimed_item", f"{order_id}/{n}")


def about_scrutiny(scrutiny_id: UUID) -> Subject:
    return Subject("scrutiny", str(scrutiny_id))


def about_referral(referral_id: UUID) -> Subject:
    return Subject("referral", str(referral_id))


def about_party(party_id: str) -> Subject:
    return Subject("party", party_id)


class Watching(msgspec.Struct, frozen=True):
    """The clocks of one transaction; `us` is the party that we are to them."""

    tx: Tx
    instance: Instance
    us: str = ISSUER

    def start(
        self,
        name: str,
        subject: Subject,
        event: str,
        at: datetime,
        holder: Organisation,
        order: UUID | None = None,
        until: datetime | None = None,
    ) -> Clock:
        """Let a clock run from an event on, by the days of whoever has the duty; one that runs goes on."""
        (clock,) = self.start_each(name, [subject], event, at, holder, order, until)
        return clock

    def start_each(
        self,
        name: str,
        subjects: Sequence[Subject],
        event: str,
        at: datetime,
        holder: Organisation,
        order: UUID | None = None,
        until: datetime | None = None,
    ) -> list[Clock]:
        """The same about each of several subjects, all different."""
        packs = self.instance.clocks
        return clocks.start_each(
            self.tx,
            packs,
            name,
            subjects=subjects,
            at=at,
            event=event,
            us=self.us,
            terms=packs.terms(holder.zone, holder.member_state),
            order=order,
            until=until,
        )

    def happen(
        self,
        event: str,
        subject: Subject,
        at: datetime,
        *,
        claimed: bool = False,
        until: datetime | None = None,
    ) -> list[Clock]:
        """Tell the clocks about a subject what happened; they know what it is to them."""
        return self.happen_each(event, {subject: at}, claimed=claimed, until=until)

    def happen_each(
        self,
        event: str,
        moments: Mapping[Subject, datetime],
        *,
        claimed: bool = False,
        until: datetime | None = None,
    ) -> list[Clock]:
        """The same about each of several subjects: `moments` says when it happened to each."""
        packs = self.instance.clocks
        return clocks.happen_each(self.tx, packs, event, moments, claimed=claimed, until=until)

    def due_at(self, order_id: UUID) -> datetime | None:
        """When the first hour of an order that still runs ends: of those by signed receipts."""
        return first_due(self.tx, order_id, HOUR, "order_item")
