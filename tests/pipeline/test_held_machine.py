"""Decisions that are held, in any order with all that can come in between, against a plain list."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.pipeline.holding import Desk, Holding

from tidegate.content.model import ItemRow
from tidegate.enforcement.tables import actions
from tidegate.infra.clock import FakeClock
from tidegate.infra.secrets import InstanceSecrets
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.verify import verify

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


def test_what_is_held_leaves_or_does_not_as_a_plain_list_says(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    run_state_machine_as_test(
        lambda: Holding(Desk(instance, clock, f"post-{uuid4()}", submit)),  # pyright: ignore[reportArgumentType]  any callable will do
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        ),
    )
    secrets = InstanceSecrets.open(instance.settings.data_dir)
    head = instance.settings.data_dir / "ledger-head"
    while seal(instance.database, secrets.ledger_key, head):
        pass
    with instance.database.begin() as tx:
        numbers = list(tx.execute(sa.select(actions.c.number).order_by(actions.c.number)).scalars())
    assert numbers == list(range(1, len(numbers) + 1))
    with instance.database.begin() as tx:
        assert verify(tx, secrets.ledger_key.public_key()).faults == []
