"""What the database refuses is told without what was sent: errors end in logs and traces."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tidegate.infra.db import Database


def test_an_error_does_not_say_what_was_sent(database: Database) -> None:
    asked = sa.text("SELECT 1 / (CASE WHEN :words = 'x' THEN 1 ELSE 0 END)")
    with pytest.raises(DBAPIError) as raised, database.begin() as tx:
        tx.execute(asked, {"words": "private words of Jane Roe"})
    assert "Jane Roe" not in str(raised.value)
