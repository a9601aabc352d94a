"""What is said of decisions and of what stands by them, and to whom. Pure.

A legal order can forbid that the author learns of it. Then nobody but those who work on orders is told what
the decisions under it rest on. Whoever acts on decisions, and reads neither orders nor cases, is told of none
what it rests on: else that something is missing would say which are an order's.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.decisions.restrictions import Scope, Source, Standing
from tidegate.infra.acting import Knows
from tidegate.ledger.model import EntryView


class Disclosure(msgspec.Struct, frozen=True):
    """Whether the author may be told what was done to their item and why; of what is `withheld`, until
    when that was ordered."""

    author: Literal["free", "withheld"]
    until: datetime | None


FREE = Disclosure("free", None)

UNNAMED = "withheld"
"""The kind that an entry of the ledger has to whom it is not told what it is of."""

# By how their kinds begin: entries that only orders and referrals have, and those that they have as others do.
_OF_ORDERS = ("order.", "referral.", "scrutiny.", "check.", "clock.", "ring.", "disclosure.")
_DONE_BY_ORDERS = ("decision.", "action.", "hold.", "case.")

# What a decision rests on, and what would say it.
_REASONS = ("label", "ground", "exemption", "reason", "decided_by", "order")


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction as it is shown: `source` and `order` are null to whom they are not told."""

    id: UUID
    decision: UUID
    scope: Scope
    territory: list[str] | None
    since: datetime
    until: datetime | None
    source: Source | None
    order: UUID | None


def is_told(order: object | None, disclosure: Disclosure, knows: Knows) -> bool:
    """Whether somebody is told what that rests on which was done under an order, or under none."""
    return (order is None and knows != "none") or may_know(disclosure, knows)


def may_know(disclosure: Disclosure, knows: Knows) -> bool:
    """Whether somebody may know that an order is about an item."""
    return knows == "all" or (knows == "free" and disclosure.author == "free")


def told_decision(said: Mapping[str, Any], disclosure: Disclosure, knows: Knows) -> dict[str, Any]:
    """A decision, given as JSON, as somebody is told it."""
    if is_told(said.get("order"), disclosure, knows):
        return dict(said)
    # Whether people decided it in a case would tell it from what an order did.
    hidden = (*_REASONS, "case") if knows == "none" else _REASONS
    return dict(said) | dict.fromkeys(hidden)


def told_standing(one: Standing, disclosure: Disclosure, knows: Knows) -> StandingView:
    """A restriction as somebody is told it."""
    shown = StandingView(**msgspec.structs.asdict(one))
    if is_told(one.order, disclosure, knows):
        return shown
    return msgspec.structs.replace(shown, source=None, order=None)


def told_entry(entry: EntryView, silent_since: datetime | None) -> EntryView:
    """An entry of the ledger to who reads no orders: its place in the chain, and what it is of unless that is
    an order. `silent_since` is since when something has been withheld; from then on no entry of what orders
    do and people do too says what it is of, or the order's would be those that are silent."""
    named = (entry.record or {}).get("order") is not None
    if entry.kind.startswith(_DONE_BY_ORDERS):
        if silent_since is not None and entry.at >= silent_since:
            return _unnamed(entry)
        return msgspec.structs.replace(entry, record=None) if named else entry
    return _unnamed(entry) if named or entry.kind.startswith(_OF_ORDERS) else entry


def _unnamed(entry: EntryView) -> EntryView:
    return msgspec.structs.replace(entry, kind=UNNAMED, subject=None, record=None)


def told_data(data: Mapping[str, Any], disclosure: Disclosure, knows: Knows) -> dict[str, Any]:
    """The same of the `data` of a message about an item."""
    told = dict(data) | {"disclosure": msgspec.to_builtins(disclosure)}
    if data.get("decision") is not None:
        told["decision"] = told_decision(data["decision"], disclosure, knows)
    return told
