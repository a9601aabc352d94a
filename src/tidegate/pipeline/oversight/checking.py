"""When is looked at what was ordered or referred, and what is shown of it: what the provider states beside what was
seen, never mixed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.model import Moment
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.orders.annexes import Address
from tidegate.orders.drafts.queries import claims_of, sent_about
from tidegate.orders.drafts.targets import target_of_url
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import items_of, order_of
from tidegate.orders.referrals.model import ReferralItem, ReferralRow
from tidegate.orders.referrals.queries import referral_of, referred
from tidegate.oversight.checks import actions as checks
from tidegate.oversight.checks.actions import Wanted
from tidegate.oversight.checks.model import DUE_AFTER, Outcome, address_of
from tidegate.oversight.checks.queries import CheckRow, check_of
from tidegate.pipeline.instance import Instance

LATEST = timedelta(days=366)
"""How far ahead a look may be asked for."""


class CheckIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of which one more look is asked for, and when; now, where nothing is said."""

    url: Address
    at: Moment | None = None


class Stated(msgspec.Struct, frozen=True):
    """What the provider states of an address, and since when; not `signed`: somebody claimed it, and a person of ours
    wrote it down."""

    state: str
    at: datetime
    signed: bool


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """A look as it is shown. `order` or `referral` is what names the address, as number `n`."""

    id: UUID
    order: UUID | None
    referral: UUID | None
    n: int
    url: str
    due_at: datetime
    done_at: datetime | None
    outcome: Outcome | None
    status: int | None
    evidence: str | None
    vantage: str | None
    stated: Stated | None
    second_look_at: datetime | None


def watch_order(
    tx: Tx, order: OrderRow, items: Sequence[ItemOfOrder], received_at: datetime
) -> None:
    """Look at the addresses of an order that was received."""
    wanted = [_of_order(order, one) for one in items]
    _schedule(tx, [one for one in wanted if one is not None], received_at)


def watch_referral(tx: Tx, referral: ReferralRow, received_at: datetime) -> None:
    """Look at the addresses of a referral that was received."""
    wanted = [_of_referral(referral, one) for one in referred(tx, referral.id)]
    _schedule(tx, [one for one in wanted if one is not None], received_at)


def ask(tx: Tx, instance: Instance, given: CheckIn) -> CheckView:
    """Ask for one more look at what an order or a referral of ours names. Raises Refusal: 422 for what is no address
    of the web, for one that nothing of ours names and for a time that is past or too far away; 429 for too many."""
    address_of(given.url)
    due_at = given.at or tx.now
    if not tx.now <= due_at <= tx.now + LATEST:
        raise bad_field("/at", "a time from now on, at most a year away", due_at.isoformat())
    wanted = _named(tx, instance.secrets.terms_key, given.url)
    if wanted is None:
        raise bad_field(
            "/url", "an address that an issued order or a referral of ours names", "another"
        )
    return shown(tx, [check_of(tx, checks.ask(tx, wanted, due_at))])[0]


def shown(tx: Tx, rows: Sequence[CheckRow]) -> list[CheckView]:
    """Looks as they are shown."""
    known: dict[UUID, dict[int, Stated | None]] = {}
    for row in rows:
        if row.owner not in known:
            known[row.owner] = _stated(tx, row.kind, row.owner)
    return [_view(row, known[row.owner].get(row.n)) for row in rows]


def _view(row: CheckRow, stated: Stated | None) -> CheckView:
    named: dict[str, Any] = {"order": None, "referral": None, "stated": stated}
    named[row.kind] = row.owner
    same = (name for name in CheckView.__struct_fields__ if name not in named)
    return CheckView(**named, **{name: getattr(row, name) for name in same})


def _schedule(tx: Tx, wanted: Sequence[Wanted], received_at: datetime) -> None:
    due = [(one, received_at + after) for one in wanted for after in DUE_AFTER]
    checks.schedule(tx, due)


def _named(tx: Tx, key: bytes, url: str) -> Wanted | None:
    """The address as the newest order or referral of ours names it."""
    target = target_of_url(key, url)
    for owner, kind in sent_about(tx, target):
        if kind == "referral":
            referral = referral_of(tx, owner)
            found = [
                _of_referral(referral, one)
                for one in referred(tx, owner)
                if target_of_url(key, one.url) == target
            ]
        else:
            order = order_of(tx, owner)
            found = [
                _of_order(order, one)
                for one in items_of(tx, owner)
                if target_of_url(key, one.url) == target
            ]
        if wanted := [one for one in found if one is not None]:
            return wanted[0]
    return None


def _of_order(order: OrderRow, item: ItemOfOrder) -> Wanted | None:
    """An address of an order; None for one that cannot be looked at. What the draft captured is not compared: it is a
    picture of the page more often than its bytes."""
    named = (order.annex or {}).get("items", [])
    captured = [] if len(named) < item.n else list(named[item.n - 1].get("sha256", []))
    return _wanted("order", order.id, order.recipient, item.n, item.url, captured)


def _of_referral(referral: ReferralRow, item: ReferralItem) -> Wanted | None:
    return _wanted("referral", referral.id, referral.recipient, item.n, item.url, [])


def _wanted(
    kind: str, owner: UUID, organisation: str, n: int, url: str, captured: Sequence[str]
) -> Wanted | None:
    try:
        place = address_of(url)
    except Refusal:
        return None
    return Wanted(
        owner=owner, kind=kind, n=n, organisation=organisation, place=place, captured=captured
    )


def _stated(tx: Tx, kind: str, owner: UUID) -> dict[int, Stated | None]:
    """What is stated of each address; where nothing is signed, what was claimed last of the whole."""
    if kind == "referral":
        signed = {one.n: _answered(one) for one in referred(tx, owner)}
    else:
        signed = {one.n: _said(one) for one in items_of(tx, owner)}
    if all(one is not None for one in signed.values()):
        return signed
    claimed = [one for one in claims_of(tx, owner) if one.kind == "claimed" and one.state]
    last = Stated(str(claimed[-1].state), claimed[-1].at, False) if claimed else None
    return {n: one or last for n, one in signed.items()}


def _said(item: ItemOfOrder) -> Stated | None:
    if item.measure is not None and item.at is not None:
        return Stated(item.measure, item.at, True)
    if item.state in ("impeded", "asking"):
        return Stated(item.state, item.since, True)
    return None


def _answered(item: ReferralItem) -> Stated | None:
    if item.outcome is None or item.answered_at is None:
        return None
    return Stated(item.outcome, item.answered_at, True)
