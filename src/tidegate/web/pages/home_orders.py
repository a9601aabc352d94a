"""What waits on the home page for those who work on legal orders, by what their role may do about it: on a
platform the orders that run and the referrals that wait for an answer; at an authority what is to be approved, what
came back, and what is at the scrutiny desk; on both sides whose keys wait for a second person.
"""

import msgspec

from tidegate.exchange.model import Party
from tidegate.exchange.queries import organisation, parties_unconfirmed
from tidegate.infra.db import Tx
from tidegate.orders.drafts.queries import drafts_not_by
from tidegate.orders.model import UNDONE, Direction
from tidegate.orders.queries import list_orders, orders_by_ids
from tidegate.orders.referrals.queries import list_referrals
from tidegate.orders.scrutinies.model import State
from tidegate.orders.scrutinies.queries import list_scrutinies
from tidegate.pipeline.orders.shown import OrderLine, order_line
from tidegate.pipeline.orders.shown_desk import ScrutinyLine, scrutiny_line
from tidegate.pipeline.orders.shown_referrals import ReferralLine, referral_line
from tidegate.web.pages.visit import Visit

FIRST = 8  # of each, with an address where all of them are
SCRUTINISED: tuple[State, ...] = ("received", "intention_notified", "decided")


class OrdersAtHome(msgspec.Struct, frozen=True, kw_only=True):
    """A part is null for whom it is not. `running`: orders to us in which something is to be done, the first end
    first; `submitted` what others drafted; `issuable` what is approved; `back` what was answered: who asks back
    comes first."""

    running: list[OrderLine] | None = None
    referred: list[ReferralLine] | None = None
    submitted: list[OrderLine] | None = None
    scrutinies: list[ScrutinyLine] | None = None
    issuable: list[OrderLine] | None = None
    back: list[OrderLine] | None = None
    unconfirmed: list[Party] | None = None


def orders_at_home(visit: Visit, tx: Tx) -> OrdersAtHome | None:
    """None for who works on no orders, and while we speak for nobody."""
    ours = organisation(tx)
    if ours is None or visit.who.limited:
        return None
    legal = ours.kind == "platform" and visit.may("orders:execute")
    drafts = ours.kind == "authority" and visit.may("orders:draft")
    approves = ours.kind == "authority" and visit.may("orders:approve")
    confirms = visit.may("registry:write")
    if not (legal or drafts or approves or confirms):
        return None
    return OrdersAtHome(
        running=_in(tx, "in", *UNDONE) if legal else None,
        referred=_referred(tx) if legal else None,
        submitted=_submitted(tx) if approves else None,
        scrutinies=_scrutinies(tx) if approves else None,
        issuable=_in(tx, "out", "approved") if drafts else None,
        back=[*_in(tx, "out", "not_executed"), *_in(tx, "out", "executed")] if drafts else None,
        unconfirmed=parties_unconfirmed(tx, tx.identity, FIRST) if confirms else None,
    )


def _in(tx: Tx, direction: Direction, *states: str) -> list[OrderLine]:
    found, _ = list_orders(tx, direction=direction, states=states, limit=FIRST)
    return [order_line(one) for one in found]


def _submitted(tx: Tx) -> list[OrderLine]:
    """The oldest first: those that the person may approve."""
    found = orders_by_ids(tx, drafts_not_by(tx, tx.identity, "submitted", FIRST))
    return [order_line(one) for one in sorted(found, key=lambda one: one.created_at)]


def _scrutinies(tx: Tx) -> list[ScrutinyLine]:
    found, _ = list_scrutinies(tx, states=SCRUTINISED, cursor=None, limit=FIRST)
    return [scrutiny_line(tx, one) for one in found]


def _referred(tx: Tx) -> list[ReferralLine]:
    found, _ = list_referrals(
        tx, direction="in", states=("doubtful", "open"), cursor=None, limit=FIRST
    )
    return [referral_line(one) for one in found]
