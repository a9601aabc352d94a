"""Home: what waits, what failed, what runs. Each part only for those who may look further."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tidegate.content.queries import RecentItems, recent_items
from tidegate.enforcement.queries import OutboxCounts, WebhookView, list_webhooks, outbox_counts
from tidegate.infra.db import Tx
from tidegate.ledger.model import Head
from tidegate.ledger.queries import head, unsealed
from tidegate.review.model import CaseView
from tidegate.review.queries import list_cases, waiting_counts
from tidegate.signals.banks.queries import bank_version, list_banks
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit

RECENT = timedelta(hours=24)
RECENT_ITEMS = 10_000


class LedgerState(msgspec.Struct, frozen=True):
    head: Head | None
    unsealed: int


class BankState(msgspec.Struct, frozen=True):
    version: int
    banks: int
    entries: int


class HomePage(msgspec.Struct, frozen=True, kw_only=True):
    """The instance at a glance; a part is None for whom it is not."""

    now: datetime
    waiting: dict[str, dict[str, int]] | None
    oldest: list[CaseView]
    mine: list[CaseView]
    outbox: OutboxCounts | None
    failing: list[WebhookView]
    observing: int
    recent: RecentItems | None
    banks: BankState | None
    pack: str | None
    ledger: LedgerState | None


def show(visit: Visit) -> HomePage:
    with visit.begin() as tx:
        cases, items = visit.may("cases:read"), visit.may("items:read")
        actions = visit.may("actions:read")
        claimed = list_cases(tx, None, "claimed", None, 200)[0] if cases else []
        hooks = [hook for hook in list_webhooks(tx) if hook.disabled_at is None] if actions else []
        return HomePage(
            now=tx.now,
            waiting=waiting_counts(tx) if cases else None,
            oldest=list_cases(tx, None, "waiting", None, 5)[0] if cases else [],
            mine=[case for case in claimed if case.claimed_by == visit.who.actor],
            outbox=outbox_counts(tx) if actions else None,
            failing=[hook for hook in hooks if hook.failing_since is not None],
            observing=sum(not hook.enforce for hook in hooks),
            recent=recent_items(tx, tx.now - RECENT, RECENT_ITEMS) if items else None,
            banks=_banks(tx) if visit.may("banks:read") else None,
            pack=visit.instance.pack(tx).ident if visit.may("policy:read") else None,
            ledger=LedgerState(head(tx), unsealed(tx)) if visit.may("ledger:read") else None,
        )


def _banks(tx: Tx) -> BankState:
    found: list[Any] = list_banks(tx)
    return BankState(bank_version(tx), len(found), sum(bank.entries for bank in found))


pages = [PageRoute(path="/", handler=show, scope=None, query=Query, template="home.html")]
