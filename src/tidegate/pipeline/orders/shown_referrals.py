"""A referral as it is shown, in the API and on the pages, on both sides."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.clocks.queries import clocks_of
from tidegate.clocks.views import ClockView, clock_view
from tidegate.infra.db import Tx
from tidegate.orders.drafts.model import Claim
from tidegate.orders.drafts.queries import claims_of
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.model import Direction
from tidegate.orders.referrals.model import ReferralItem, ReferralRow, State
from tidegate.orders.referrals.queries import referred
from tidegate.pipeline.orders.shown import MessageView, shown_message


class ReferralLine(msgspec.Struct, frozen=True, kw_only=True):
    """A referral in a list. `referral` is its issuer's id of it."""

    id: UUID
    referral: str
    issuer: str
    to: str
    direction: Direction
    state: State
    verified: bool
    problems: list[str]
    received_at: datetime | None
    answered_at: datetime | None
    created_at: datetime


class ReferralView(ReferralLine, frozen=True, kw_only=True):
    """A referral with what became of each URL. `claims` are nobody's signed word."""

    terms_cited: str
    reasons: str
    language: str
    withdrawn_reason: str | None
    items: list[ReferralItem]
    clocks: list[ClockView]
    messages: list[MessageView]
    claims: list[Claim]


def referral_line(referral: ReferralRow) -> ReferralLine:
    return ReferralLine(**_line(referral))


def referral_view(tx: Tx, referral: ReferralRow) -> ReferralView:
    return ReferralView(
        **_line(referral),
        terms_cited=referral.terms_cited,
        reasons=referral.reasons,
        language=referral.language,
        withdrawn_reason=referral.withdrawn_reason,
        items=referred(tx, referral.id),
        clocks=[clock_view(one, tx.now) for one in clocks_of(tx, order=referral.id)],
        messages=[shown_message(one) for one in messages_of(tx, referral.id)],
        claims=claims_of(tx, referral.id),
    )


def _line(referral: ReferralRow) -> dict[str, Any]:
    named = {"referral": referral.referral_ref, "to": referral.recipient}
    same = (name for name in ReferralLine.__struct_fields__ if name not in named)
    return named | {name: getattr(referral, name) for name in same}
