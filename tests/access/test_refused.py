"""What strangers were refused: counted in bounded room, told by account and key, and nothing of what
they tried is kept."""

import string
from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tidegate.access.actions import create_key, create_user
from tidegate.access.refused import (
    MOST_COUNTED,
    MOST_ENTRIES,
    MOST_NETWORKS,
    Refused,
    RefusedKind,
    write_refused,
)
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.networks import network_around
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.house import SCOPES

NOW = FakeClock().now()
Note = tuple[RefusedKind, str | None, int]
notes = st.tuples(
    st.sampled_from(["sign_in.failed", "key.refused"]),
    st.none() | st.sampled_from(string.ascii_lowercase),
    st.integers(0, 9),
)


def told(tx: Tx) -> list[tuple[str, Any, dict[str, Any]]]:
    """(kind, subject, record) of what was written."""
    columns = ledger_pending.c.kind, ledger_pending.c.subject, ledger_pending.c.record
    rows = tx.execute(sa.select(*columns).order_by(ledger_pending.c.id)).all()
    found = [(row.kind, row.subject, msgspec.json.decode(row.record)) for row in rows]
    return [one for one in found if one[0] in ("sign_in.failed", "key.refused")]


@given(st.lists(st.lists(notes), max_size=5))
def test_whatever_is_counted_taken_and_given_back_nothing_is_lost(rounds: list[list[Note]]) -> None:
    refused, expected = Refused(), Counter[tuple[str, str | None]]()
    for some in rounds:
        for kind, name, minute in some:
            refused.note(kind, name, f"192.0.{minute}.7", NOW + timedelta(minutes=minute))
            expected[kind, name] += 1
        refused.give_back(refused.take())
    assert refused.waiting == bool(expected)
    taken = refused.take()
    assert {name: one.count for name, one in taken.items()} == expected
    for name, tally in taken.items():
        minutes = [m for some in rounds for kind, n, m in some if (kind, n) == name]
        assert tally.first == NOW + timedelta(minutes=min(minutes))
        assert tally.last == NOW + timedelta(minutes=max(minutes))
        assert set(tally.networks) <= {f"192.0.{minute}.0/24" for minute in minutes}
        assert len(tally.networks) == min(len(set(minutes)), MOST_NETWORKS)
    assert not refused.waiting


def test_a_flood_of_names_takes_no_more_room(tx: Tx) -> None:
    refused = Refused()
    for number in range(3 * MOST_COUNTED):
        refused.note("key.refused", f"{number:032x}", f"2001:db8:{number:x}::1", NOW)
    taken = refused.take()
    assert len(taken) == MOST_COUNTED + 1
    write_refused(tx, taken)
    [(_, subject, record)] = told(tx)
    assert subject is None
    assert (record["key"], record["count"]) == (None, 3 * MOST_COUNTED)
    assert len(record["networks"]) == MOST_NETWORKS


def test_accounts_and_keys_that_there_are_are_told_apart_from_nobodys(tx: Tx) -> None:
    user, _ = create_user(tx, "rita@example.org", "reviewer")
    bound, _ = create_key(tx, SCOPES, "ritas", ["cases:read"], user_email=user.email)
    loose, _ = create_key(tx, SCOPES, "edge", ["items:write"])
    refused = Refused()
    for name in (user.email, user.email, "correct horse battery", None):
        refused.note("sign_in.failed", name, "198.51.100.7", NOW)
    for name in (bound, loose, "0" * 12):
        refused.note("key.refused", name, "198.51.100.7", NOW)
    write_refused(tx, refused.take())
    found = {
        (kind, record.get("email", record.get("key"))): (subject, record["count"])
        for kind, subject, record in told(tx)
    }
    assert found == {
        ("sign_in.failed", user.email): (user.id, 2),
        ("sign_in.failed", None): (None, 2),
        ("key.refused", bound): (user.id, 1),
        ("key.refused", loose): (None, 1),
        ("key.refused", None): (None, 1),
    }
    everything = repr(told(tx))
    assert "correct horse" not in everything
    assert "0" * 12 not in everything
    assert "198.51.100.7" not in everything
    assert "198.51.100.0/24" in everything


def test_only_so_many_entries_are_written_at_once(tx: Tx) -> None:
    refused = Refused()
    for number in range(MOST_ENTRIES + 5):
        email = f"user{number}@example.org"
        create_user(tx, email, "reviewer")
        for _ in range(number + 1):
            refused.note("sign_in.failed", email, "198.51.100.7", NOW)
    write_refused(tx, refused.take())
    records = [record for _, _, record in told(tx)]
    assert len(records) == MOST_ENTRIES + 1
    [rest] = [record for record in records if record["email"] is None]
    assert rest["count"] == sum(range(1, 6)), "those with the fewest are counted together"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("testclient", "unknown"),
    ],
)
def test_a_network_tells_where_from_and_not_who(address: str, network: str) -> None:
    assert network_around(address) == network
