"""Items: found by the platform's id, and one item with everything that happened to it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, structs

from tidegate.content.holds.actions import open_hold
from tidegate.content.holds.model import HoldView, OpeningIn
from tidegate.content.holds.queries import get_hold, hold_unknown, is_closed, standing_holds
from tidegate.content.model import ItemRow
from tidegate.content.openings import may_open
from tidegate.content.queries import (
    find_item,
    item_by_id,
    item_unknown,
    revisions_of,
)
from tidegate.decisions.disclosure import disclosure_on, shown_decisions, shown_standing
from tidegate.decisions.looks import is_blind
from tidegate.decisions.model import DecisionIn
from tidegate.decisions.queries import decisions_of, shown_evaluations, standing_on
from tidegate.decisions.restrictions import Effective, by_strength, effective, standing_at
from tidegate.decisions.told import Disclosure, StandingView
from tidegate.enforcement.queries import ActionView, actions_of_item
from tidegate.infra.parsing import convert
from tidegate.intake.model import ReportView
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.reads import read_reports
from tidegate.pipeline.record import Proposed, keeping, proposed_on
from tidegate.review.queries import cases_of_item
from tidegate.review.wellness import severity_of_item
from tidegate.web.pages.content import ContentView, content_view, rule_texts
from tidegate.web.pages.decide import chosen
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit


class FindQuery(Query, frozen=True):
    id: Annotated[str, Meta(max_length=512)] = ""
    platform: Annotated[str, Meta(max_length=64)] = ""


class FindPage(msgspec.Struct, frozen=True):
    """What was looked for, and the item of that id if there is one."""

    id: str
    platform: str
    item: ItemRow | None


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """An item's whole life, newest revision first. Of its reports the first: its `cases` page them. It
    `opens` where it is closed to the person's role, and not only a hold keeps it. `lifting`: whoever came
    here came to lift."""

    item: ItemRow
    revisions: list[ContentView]
    evaluations: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    restrictions: list[StandingView]
    effective: Effective
    disclosure: Disclosure
    actions: list[ActionView]
    reports: list[ReportView]
    more_reports: bool
    cases: list[UUID]
    held: bool
    holds: list[HoldView]
    kept_by_hold: bool
    closed: bool
    lifting: bool
    opens: bool
    proposed: Proposed | None
    rules: dict[str, str]


def find(visit: Visit) -> FindPage:
    query: FindQuery = visit.query
    platform = query.platform or min(visit.who.platforms or {"default"})
    with visit.begin() as tx:
        item = find_item(tx, platform, query.id) if query.id else None
        if item is not None and is_blind(tx, item.id):
            item = structs.replace(item, restricted_by=None)
    return FindPage(query.id, platform, item)


def show(visit: Visit) -> ItemPage:
    item_id: UUID = visit.uuid("item", item_unknown)
    with visit.begin() as tx:
        item = item_by_id(tx, item_id)
        if item is None:
            raise item_unknown(str(item_id))
        blind = is_blind(
            tx, item_id
        )  # they are asked what they would decide, and not told what was
        standing = by_strength(standing_at([] if blind else standing_on(tx, item_id), tx.now))
        may_read = visit.may("cases:read")
        severity = severity_of_item(tx, item_id)
        disclosure = disclosure_on(tx, item_id)
        kept = keeping(tx, item_id, disclosure)
        reported, following = read_reports(tx, item) if may_read else ([], None)
        return ItemPage(
            item=structs.replace(item, restricted_by=None) if blind else item,
            revisions=[
                content_view(item_id, row, severity) for row in reversed(revisions_of(tx, item_id))
            ],
            evaluations=[_builtins(one) for one in shown_evaluations(tx, item_id)],
            decisions=[_builtins(one) for one in shown_decisions(tx, decisions_of(tx, item_id))],
            restrictions=shown_standing(tx, item_id, standing),
            effective=effective(standing),
            disclosure=disclosure,
            actions=actions_of_item(tx, item_id) if visit.may("actions:read") and not blind else [],
            reports=reported,
            more_reports=following is not None,
            cases=cases_of_item(tx, item_id) if reported else [],
            held=kept.held,
            holds=standing_holds(tx, item_id, every=visit.may("holds:write")),
            kept_by_hold=kept.by_hold_alone,
            closed=is_closed(tx, item_id),
            lifting=visit.query.done == "already-left",
            opens=may_open(tx, item_id),
            proposed=proposed_on(tx, item_id),
            rules=rule_texts(visit.pack(tx)),
        )


def lift(visit: Visit) -> str:
    """Lift what stands: what a rule restricted has no case to be reopened."""
    item_id = visit.uuid("item", item_unknown)
    body = {"outcome": "lift", "reason": visit.field("reason")} | chosen(visit)
    decision = convert(body, DecisionIn)
    with visit.begin() as tx:
        item = item_by_id(tx, item_id)
        if item is None:
            raise item_unknown(str(item_id))
        decide_item(tx, item.platform, item.external_id, decision, pack=visit.instance.pack(tx))
    return with_query(f"/items/{item_id}", done="lifted")


def open_kept(visit: Visit) -> str:
    """Open what only a hold keeps, for the person and for half an hour."""
    return _open(visit, of_order=False)


def open_ordered(visit: Visit) -> str:
    """Open what an order's hold keeps."""
    return _open(visit, of_order=True)


def _open(visit: Visit, *, of_order: bool) -> str:
    item_id = visit.uuid("item", item_unknown)
    given = {name: visit.field(name) for name in ("purpose", "justification")}
    with visit.begin() as tx:
        hold = get_hold(tx, visit.uuid("hold", hold_unknown))
        if (hold.order is not None) != of_order:
            raise hold_unknown()
        open_hold(tx, hold.id, convert(given, OpeningIn), item_id=item_id)
    return with_query(f"/items/{item_id}", done="opened")


def _builtins(value: object) -> dict[str, Any]:
    """JSON types, but times stay times: the templates say them in words."""
    return msgspec.to_builtins(value, builtin_types=(datetime,))


_item = PageRoute(
    path="/items/{item}",
    handler=show,
    scope="items:read",
    template="item.html",
)
pages = [
    PageRoute(
        path="/items", handler=find, scope="items:read", query=FindQuery, template="items.html"
    ),
    _item,
    PageRoute(
        method="POST", path="/items/{item}/lift", handler=lift, scope="cases:decide", again=_item
    ),
    PageRoute(
        method="POST",
        path="/items/{item}/holds/{hold}/open",
        handler=open_kept,
        scope="holds:write",
        again=_item,
    ),
    PageRoute(
        method="POST",
        path="/items/{item}/order-holds/{hold}/open",
        handler=open_ordered,
        scope="orders:execute",
        again=_item,
    ),
]
