"""What stands on an item: a set of restrictions, each of which falls for itself, and the one state
that they come to, by which the platform's systems act. Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from tidegate.infra.errors import Refusal, bad_field

Scope = Literal["item", "account"]
Source = Literal["decision", "order"]

_NEVER = datetime.max.replace(tzinfo=UTC)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction that stands on an item, since and by this decision.

    Everywhere without `territory`, for ever without `until`. One whose `source` is an order is ended
    by the end of that order alone.
    """

    id: UUID
    decision: UUID
    scope: Scope
    territory: list[str] | None
    since: datetime
    until: datetime | None
    source: Source
    order: UUID | None


class Reach(msgspec.Struct, frozen=True):
    """Where something is down (null: everywhere), and when that changes by itself (null: never)."""

    territory: list[str] | None
    until: datetime | None


class Effective(msgspec.Struct, frozen=True):
    """What all that stands comes to: the union of the territories (null: everywhere, or nowhere when
    not `restricted`), the widest scope. `account` is the same of what covers the whole account alone;
    `until` is the next time at which anything here changes by itself.
    """

    restricted: bool
    scope: Scope | None
    territory: list[str] | None
    until: datetime | None
    account: Reach | None


def effective(standing: Iterable[Standing]) -> Effective:
    """What these come to together. They count as long as they are in the set: whoever asks about a
    time takes `standing_at` of it first.
    """
    each = list(standing)
    everything = _reach(each)
    account = _reach(one for one in each if one.scope == "account")
    if everything is None:
        return Effective(False, None, None, None, None)
    # What changes for the account changes what the item's systems are told, even where the item
    # stays down by another one.
    ends = [one.until for one in (everything, account) if one is not None and one.until is not None]
    return Effective(
        True,
        "item" if account is None else "account",
        everything.territory,
        min(ends, default=None),
        account,
    )


def _reach(standing: Iterable[Standing]) -> Reach | None:
    """The union: a territory is down until the last restriction that names it ends, and the union
    changes when the first of its territories ends. None where nothing stands."""
    ends: dict[str | None, datetime] = {}
    for one in standing:
        for territory in [None] if one.territory is None else one.territory:
            ends[territory] = max(ends.get(territory, one.since), one.until or _NEVER)
    if not ends:
        return None
    # Where all is down, a territory counts from the time when it is no longer.
    until = ends[None] if None in ends else min(ends.values())
    everywhere = None in ends
    territory = None if everywhere else sorted(name for name in ends if name is not None)
    return Reach(territory, None if until == _NEVER else until)


def standing_at(standing: Iterable[Standing], now: datetime) -> list[Standing]:
    """Those whose end has not come."""
    return [one for one in standing if one.until is None or one.until > now]


def by_strength(standing: Iterable[Standing]) -> list[Standing]:
    """The strongest, by which an item is said to be restricted, first: account over item, everywhere
    over territories, without an end over with one, then the oldest."""
    return sorted(standing, key=_rank)


def _rank(one: Standing) -> tuple[object, ...]:
    return (
        one.scope != "account",
        one.territory is not None,
        one.until is not None,
        one.since,
        one.id,
    )


def to_lift(
    standing: Sequence[Standing], chosen: Sequence[UUID] | None, *, told: bool = True
) -> list[Standing]:
    """Which restrictions a lift ends: the chosen ones, else all but those of orders.

    Raises Refusal: 422 for an id that does not stand here or is named twice, 409 "order-stands"
    where an order's would have to end, whose name is `told` or not; 409 "nothing-to-lift" where nothing
    stands.
    """
    if chosen is not None:
        return _chosen(standing, chosen, told)
    found = of_decisions(standing)
    if not found and standing:
        raise _order_stands(standing[0], told)
    if not found:
        raise nothing_to_lift()
    return found


def nothing_to_lift() -> Refusal:
    return Refusal(
        "nothing-to-lift",
        409,
        "No restriction stands on the item",
        "Nothing was written. Only a standing restriction can be lifted.",
    )


def of_decisions(standing: Iterable[Standing]) -> list[Standing]:
    """What a decision may end: everything but what an order holds down."""
    return [one for one in standing if one.source == "decision"]


def _chosen(standing: Sequence[Standing], chosen: Sequence[UUID], told: bool) -> list[Standing]:
    by_id = {one.id: one for one in standing}
    found: list[Standing] = []
    for index, id in enumerate(chosen):
        one = by_id.pop(id, None)
        if one is None:
            expected = "a restriction that stands on the item, each once"
            raise bad_field(f"/lifts/{index}", expected, repr(str(id)))
        if one.source == "order":
            raise _order_stands(one, told)
        found.append(one)
    return found


def _order_stands(one: Standing, told: bool) -> Refusal:
    return Refusal(
        "order-stands",
        409,
        "An order's restriction stands on the item",
        "Nothing was written. Only the end of the order ends its restriction.",
        restriction=str(one.id),
        order=str(one.order) if told and one.order is not None else None,
    )
