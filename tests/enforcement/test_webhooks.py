"""Targets: made, switched, disabled; and how long delivery waits for them."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tidegate.enforcement.model import GIVE_UP_AFTER, next_delay
from tidegate.enforcement.queries import list_webhooks
from tidegate.enforcement.slice import ENFORCEMENT
from tidegate.enforcement.tables import webhooks
from tidegate.enforcement.webhooks import (
    create_webhook,
    disable_webhook,
    rotate_webhook,
    set_enforce,
)
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending

START = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_webhook_observes_unless_told_to_enforce(tx: Tx) -> None:
    made = create_webhook(
        tx, "https://platform.example/hook?token=hush", known=ENFORCEMENT.messages
    )
    (view,) = list_webhooks(tx)
    assert (view.id, view.enforce, view.events) == (made.id, False, list(ENFORCEMENT.messages))
    Webhook(made.secret)  # a secret as the receivers' libraries take it
    set_enforce(tx, made.id, True)
    assert list_webhooks(tx)[0].enforce
    disable_webhook(tx, made.id)
    assert list_webhooks(tx)[0].disabled_because == "disabled by hand"
    records = list(tx.execute(sa.select(ledger_pending.c.kind, ledger_pending.c.record)))
    assert {row.kind for row in records} == {
        "webhook.created",
        "webhook.switched",
        "webhook.disabled",
    }
    assert not any(b"hush" in row.record or b"whsec" in row.record for row in records)


def test_a_disabled_target_is_not_rotated_and_no_secret_is_recorded(tx: Tx) -> None:
    made = create_webhook(tx, "https://platform.example/hook", known=ENFORCEMENT.messages)
    rotated = rotate_webhook(tx, made.id, timedelta(hours=1))
    assert (rotated.id, rotated.secret == made.secret) == (made.id, False)
    assert list_webhooks(tx)[0].old_until == tx.now + timedelta(hours=1)
    disable_webhook(tx, made.id)
    records = sa.select(ledger_pending.c.record)
    before = list(tx.execute(records).scalars())
    with pytest.raises(Refusal) as refused:
        rotate_webhook(tx, made.id, timedelta(0))
    assert (refused.value.type, refused.value.status) == ("webhook-unknown", 404)
    assert list(tx.execute(records).scalars()) == before
    assert any(b"old_until" in record for record in before)
    assert not any(b"whsec" in record for record in before)


@pytest.mark.parametrize(
    ("url", "type"),
    [
        ("http://127.0.0.1:9/hook", "address-refused"),
        ("http://localhost/hook", "address-refused"),
        ("http://169.254.169.254/", "address-refused"),
        ("ftp://platform.example/", "address-refused"),
        ("https://user:pass@platform.example/", "address-refused"),
        ("https://platform.example/" + "x" * 2048, "invalid-body"),
    ],
)
def test_a_bad_target_is_refused_and_nothing_written(tx: Tx, url: str, type: str) -> None:
    with pytest.raises(Refusal) as refused:
        create_webhook(tx, url, known=ENFORCEMENT.messages)
    assert (refused.value.type, refused.value.status) == (type, 422)
    assert not tx.execute(sa.select(webhooks)).all()
    assert not tx.execute(sa.select(ledger_pending)).all()


def test_private_targets_need_leave_and_metadata_more(tx: Tx) -> None:
    create_webhook(tx, "http://127.0.0.1:9/hook", True, known=ENFORCEMENT.messages)
    create_webhook(
        tx, "http://127.0.0.1:9/hook", allowed=["127.0.0.0/8"], known=ENFORCEMENT.messages
    )
    with pytest.raises(Refusal):
        create_webhook(tx, "http://169.254.169.254/", True, known=ENFORCEMENT.messages)


def test_an_unknown_event_is_refused(tx: Tx) -> None:
    with pytest.raises(Refusal) as refused:
        create_webhook(
            tx, "https://platform.example/", events=["case.closed"], known=ENFORCEMENT.messages
        )
    assert refused.value.errors[0].pointer == "/events/0"


def test_an_unknown_or_disabled_webhook_is_404(tx: Tx) -> None:
    made = create_webhook(tx, "https://platform.example/", known=ENFORCEMENT.messages)
    disable_webhook(tx, made.id)
    for id in (made.id, uuid4()):
        for change in (
            lambda id=id: set_enforce(tx, id, True),
            lambda id=id: disable_webhook(tx, id),
        ):
            with pytest.raises(Refusal) as refused:
                change()
            assert (refused.value.type, refused.value.status) == ("webhook-unknown", 404)
            assert ("disabled by hand" in refused.value.detail) == (id == made.id)


@given(
    st.timedeltas(timedelta(0), timedelta(days=4)), st.integers(1, 10_000), st.integers(0, 2**32)
)
def test_delays_keep_their_bounds(elapsed: timedelta, attempts: int, seed: int) -> None:
    delay = next_delay(START, attempts, START + elapsed, Random(seed))
    if elapsed >= GIVE_UP_AFTER:
        assert delay is None
        return
    assert delay is not None
    assert delay > timedelta(0)
    assert elapsed + delay <= GIVE_UP_AFTER
    if elapsed < timedelta(hours=1):
        assert delay <= timedelta(seconds=60)
    assert delay <= timedelta(hours=3)


@given(st.integers(0, 2**32))
def test_a_message_is_tried_until_the_third_day_and_not_for_ever(seed: int) -> None:
    rng, now, attempts, waits = Random(seed), START, 1, []
    while (delay := next_delay(START, attempts, now, rng)) is not None:
        waits.append(delay)
        now, attempts = now + delay, attempts + 1
    assert now - START == GIVE_UP_AFTER
    assert 100 < attempts < 500
    first_hour = [wait for wait in waits if wait <= timedelta(seconds=60)]
    assert len(first_hour) >= 60
    assert max(waits) > timedelta(hours=1)


def test_jitter_spreads_a_crowd() -> None:
    now = START + timedelta(minutes=10)
    delays = {next_delay(START, 20, now, Random(seed)) for seed in range(100)}
    assert len(delays) == 100
