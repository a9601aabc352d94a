"""Items to open cases about."""

from collections.abc import Callable
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item_by_id
from tidegate.content.tables import items
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
