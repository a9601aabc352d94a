"""What is shown of an order of ours beside what every order has: how it came about, each state that it was in,
and what people say of it that nobody signed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.orders.drafts.model import Claim, DraftRow, StateOfOrder
from tidegate.orders.drafts.queries import claims_of, draft_of, states_of
from tidegate.orders.model import OrderRow


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """How an order came about. `copy_to` is the establishment's authority, where that is another's;
    `preserved_until`: until when the provider was asked to keep what it took down."""

    true_purpose: str
    public: dict[str, Any] | None
    language: str | None
    cites: UUID | None
    drafted_by: str
    submitted_by: str | None
    approved_by: str | None
    issued_by: str | None
    deconfliction: dict[str, Any] | None
    emergency: str | None
    copy_to: str | None
    ended_reason: str | None
    preserved_until: datetime | None


class OutMembers(msgspec.Struct, frozen=True):
    """What an order of ours has beside the rest. `claims` are nobody's signed word."""

    draft: DraftView
    history: list[StateOfOrder]
    claims: list[Claim]


class NotYet(msgspec.Struct, frozen=True, kw_only=True):
    """A URL of an order that is not issued: nothing can have become of it."""

    n: int
    url: str
    state: str = "draft"
    problems: list[str] = []
    candidates: list[str] = []
    item: str | None = None
    measure: str | None = None
    at: datetime | None = None
    provisional: bool = False
    hold: None = None
    case: None = None
    proposals: list[str] = []


def out_members(tx: Tx, order: OrderRow) -> OutMembers | None:
    """None for an order that came in."""
    draft = draft_of(tx, order.id)
    if draft is None:
        return None
    return OutMembers(_view(draft), states_of(tx, order.id), claims_of(tx, order.id))


def items_not_yet(order: OrderRow) -> list[NotYet]:
    """The URLs of a draft."""
    annex = order.annex or {}
    return [NotYet(n=n, url=one["url"]) for n, one in enumerate(annex.get("items", []), 1)]


def _view(draft: DraftRow) -> DraftView:
    return DraftView(**{name: getattr(draft, name) for name in DraftView.__struct_fields__})
