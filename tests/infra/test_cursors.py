"""The place in a list, written and read back."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.errors import Refusal


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1)), st.uuids())
def test_a_cursor_reads_back(at: datetime, id: UUID) -> None:
    assert read_cursor(write_cursor(at, id)) == (at, id)


@given(st.text().filter(lambda text: len(text) != 32))
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_cursor(cursor)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "cursor")


@pytest.mark.parametrize("cursor", ["", "é", "A" * 31 + "=", "_" * 31, "\ud800"])
def test_hostile_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(Refusal):
        read_cursor(cursor)
