"""`ledger verify` finds a message that somebody added, changed or took away past the program, and a receipt that
was never given."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.orders.conftest import NOTE
from tests.orders.letters import Sender, found_ours

from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import Receipt
from tidegate.orders.messages.outbox import claim, deliver
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.inbox import take
from tidegate.pipeline.own import own_of
from tidegate.pipeline.verify import verify


@pytest.fixture
def settled(instance: Instance) -> Instance:
    """One message that came and is verified, one that is not, one that was delivered and one that waits."""
    found_ours(instance)
    sender = Sender()
    sender.register(instance.database)
    now = instance.clock.now()
    for raw in (sender.message(now, NOTE), Sender("nobody.example").message(now, NOTE)):
        with instance.database.begin() as tx:
            take(tx, instance, raw, None)
    with instance.database.begin() as tx:
        own = own_of(tx, instance)
        for to in ("bka.example", "other.example"):
            send(tx, own, type=NOTE, order="x", order_id=UUID(int=1), to=to, body={})
        (taken,) = claim(tx, "bka.example", 1, timedelta(seconds=20))
        receipt = Receipt(
            protocol="tidegate-orders/1",
            type="receipt",
            from_="bka.example",
            to="forum.example",
            message=taken.message.message,
            sha256=taken.message.sha256,
            received_at=now,
            verified=True,
            problems=[],
            order=None,
        )
        assert deliver(tx, taken, now, receipt, b"{}") is not None
    return instance


def faults(instance: Instance) -> list[str]:
    seal(instance.database, instance.secrets.ledger_key, instance.settings.data_dir / HEAD_FILE)
    with instance.database.begin() as tx:
        tx.freeze()
        return [one.detail for one in verify(tx, instance.secrets.ledger_key.public_key()).faults]


def test_an_honest_history_is_explained(settled: Instance) -> None:
    assert faults(settled) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM order_messages WHERE direction = 'in' AND verified", "is gone"),
        ("DELETE FROM order_messages WHERE state = 'pending'", "is gone"),
        ("UPDATE order_messages SET verified = true, problems = '{}' WHERE NOT verified", "not as"),
        ("UPDATE order_messages SET problems = '{late}' WHERE direction = 'in'", "not as"),
        ("UPDATE order_messages SET sha256 = 'x' WHERE state = 'pending'", "message"),
        ("UPDATE order_messages SET type = 'order.final' WHERE state = 'pending'", "not as"),
        ("UPDATE order_messages SET recipient = 'x' WHERE state = 'pending'", "not as"),
        ("UPDATE order_messages SET jws = '\\x7b7d' WHERE state = 'pending'", "the bytes of"),
        ("UPDATE order_messages SET jws = 'x' WHERE state = 'pending'", "the bytes of"),
        ("UPDATE order_messages SET state = 'delivered'", "no entry tells"),
        (
            "UPDATE order_messages SET received_at = received_at - interval '1 microsecond'"
            " WHERE state = 'delivered'",
            "tells otherwise",
        ),
        ("UPDATE order_messages SET received_at = NULL WHERE state = 'delivered'", "otherwise"),
        (
            "INSERT INTO order_messages SELECT gen_random_uuid(), direction, type, 'new', order_ref,"
            " order_id, sender, recipient, sent_at, received_at, jws, '\\x00', sha256, verified, problems,"
            " receipt, place, state, attempts, next_at, leased_until, first_attempt_at, last_error,"
            " delivered_at, queued_at, ring_id, created_at FROM order_messages WHERE place IS NULL"
            " AND direction = 'in' AND verified",
            "no entry of the ledger explains it",
        ),
    ],
)
def test_what_was_changed_past_the_program_is_named(
    settled: Instance, statement: str, said: str
) -> None:
    with settled.database.begin() as tx:
        assert tx.execute(sa.text(statement)).rowcount > 0
    found = faults(settled)
    assert found
    assert all(said in one for one in found), found
