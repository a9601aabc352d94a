"""The verbs of referrals as stored: keep one, answer a URL of it, go a step."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.orders.referrals.model import ReferralItem, ReferralRow, State
from tidegate.orders.referrals.tables import referral_items, referrals


def keep_referral(tx: Tx, referral: ReferralRow, items: Sequence[ReferralItem]) -> None:
    """Write a referral with its URLs."""
    tx.execute(sa.insert(referrals).values(msgspec.structs.asdict(referral)))
    rows = [msgspec.structs.asdict(one) | {"referral_id": referral.id} for one in items]
    tx.execute(sa.insert(referral_items), rows)
    record = {
        "referral": referral.id,
        "direction": referral.direction,
        "issuer": referral.issuer,
        "issuer_referral": referral.referral_ref,
        "to": referral.recipient,
        "state": referral.state,
        "urls": len(items),
    }
    append(tx, "referral.kept", record, referral.id)


def answer_item(tx: Tx, referral_id: UUID, item: ReferralItem) -> None:
    """Write what became of a URL."""
    this = sa.and_(referral_items.c.referral_id == referral_id, referral_items.c.n == item.n)
    said = {"outcome": item.outcome, "reason": item.reason}
    said |= {"answered_by": item.answered_by, "answered_at": item.answered_at}
    tx.execute(sa.update(referral_items).where(this).values(said))
    record = {"referral": referral_id, "n": item.n, "outcome": item.outcome}
    append(tx, "referral.item_answered", record, referral_id)


def step(tx: Tx, referral: ReferralRow, state: State, **changes: object) -> ReferralRow:
    """Go a step, with whatever else changes; the caller holds the row."""
    changed = {"state": state, **changes}
    tx.execute(sa.update(referrals).where(referrals.c.id == referral.id).values(changed))
    record = {"referral": referral.id, "from": referral.state, "state": state}
    append(tx, "referral.stepped", record, referral.id)
    return msgspec.structs.replace(referral, **changed)
