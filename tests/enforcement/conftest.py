"""Items, decisions and webhooks for the enforcement tests."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item_by_id
from tidegate.content.tables import items
from tidegate.enforcement.tables import webhooks
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7


@pytest.fixture
def new_item() -> Callable[[Tx], ItemRow]:
    def make(tx: Tx) -> ItemRow:
        id = uuid7(tx.now)
        tx.execute(
            sa.insert(items).values(
                id=id,
                platform="forum",
                external_id=f"post-{uuid4().hex[:8]}",
                publicness="public",
                revision=1,
                verdict="pass",
                received_at=tx.now,
            )
        )
        return lock_item_by_id(tx, id)

    return make


@pytest.fixture
def new_decision() -> Callable[[Tx], dict[str, Any]]:
    def make(tx: Tx, outcome: str = "restrict") -> dict[str, Any]:
        return {
            "id": uuid7(tx.now),
            "outcome": outcome,
            "label": "propaganda",
            "ground": {"kind": "terms", "reference": "§ 4"},
            "exemption": None,
            "restriction": {"scope": "item", "territory": None, "until": None},
            "reason": "known content",
            "decided_by": tx.actor,
            "created_at": tx.now,
        }

    return make


@pytest.fixture
def new_webhook() -> Callable[..., UUID]:
    def make(
        tx: Tx,
        url: str = "https://platform.example/hook",
        *,
        enforce: bool = True,
        events: tuple[str, ...] = ("action.restrict", "action.lift", "action.escalate"),
    ) -> UUID:
        id = uuid7(tx.now)
        tx.execute(
            sa.insert(webhooks).values(
                id=id,
                url=url,
                secret="whsec_" + "A" * 32,
                events=list(events),
                allow_private=True,
                enforce=enforce,
                created_at=tx.now,
            )
        )
        return id

    return make
