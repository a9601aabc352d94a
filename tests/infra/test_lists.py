"""Lists as one parameter arrive as they were sent, whatever is in them."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError

from tidegate.infra.db import Tx

ONE, OTHER = UUID(int=1), UUID("018f3f6e-0000-7000-8000-0000000000ff")
LISTS: dict[str, tuple[str, list[Any]]] = {
    "ids": ("uuid", [ONE, OTHER]),
    "numbers": ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
    "bytes": ("bytea", [b"", b"\x00\xff", b'\\"{},']),
    "texts": (
        "text",
        ["", "NULL", "null", 'a"b', "a\\b", "{a,b}", " a ", "é\u2028\n\t😢", "\\x00"],
    ),
    "with nothing": ("text", [None, "a"]),
    "ids with nothing": ("uuid", [None, ONE]),
    "nothing": ("uuid", []),
    "lists": ("bigint", [[1, 2], [3, 4]]),
}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_arrives_as_it_was_sent(tx: Tx, name: str) -> None:
    kind, sent = LISTS[name]
    found = tx.execute(sa.text(f"SELECT CAST(:sent AS {kind}[])"), {"sent": sent}).scalar_one()
    assert found == sent


def test_a_text_with_a_nul_is_refused(tx: Tx) -> None:
    with pytest.raises(DataError):
        tx.execute(sa.text("SELECT CAST(:sent AS text[])"), {"sent": ["a\0b", "c"]})
