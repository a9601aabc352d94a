"""What is due calls people: clocks and rings say so to webhooks and to the command on call, again and again
until somebody has it.

Both are written in the transaction that notes the ring: the outbox sends the message, `make_call` runs the
command, outside of any transaction. A process that dies in between has lost nothing.
"""

import subprocess
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from tidegate.clocks.calls import Calling, call, claim_call, made
from tidegate.clocks.rings import Ring, sweep_rings
from tidegate.clocks.sweeping import Rung, sweep
from tidegate.clocks.views import clock_view
from tidegate.clocks.waking import minutes_left, step_of
from tidegate.enforcement.notices import notify_all
from tidegate.infra.courier import place_of
from tidegate.infra.db import Database, Tx
from tidegate.infra.settings import Settings
from tidegate.infra.times import told
from tidegate.orders.queries import urgency_of

BATCH = 200
CALL_SECONDS = 20.0  # then the command is ended; it holds up other calls
CALL_LEASE = timedelta(seconds=CALL_SECONDS + 10)
log = structlog.get_logger()


def ring_due(tx: Tx, settings: Settings) -> int:
    """Tell what is due; returns of how much. For the worker."""
    minutes = settings.escalate_minutes
    rings = sweep_rings(tx, BATCH, seconds=settings.ring_seconds)
    found = [(_of_ring(tx, settings, one), one.rung == 1, True) for one in rings]
    rungs = sweep(tx, BATCH, seconds=settings.ring_seconds, minutes=minutes)
    found += [(_of_clock(tx, settings, rung), rung.first, rung.calls) for rung in rungs]
    for ahead in (True, False):  # what nobody has heard of yet goes before what rings again
        said = [(one.type, one.data, None) for one, first, _ in found if first is ahead]
        notify_all(tx, said, ahead=ahead)
    if settings.on_call_command:
        for one in _with_urgency(tx, [one for one, _, calls in found if calls]):
            call(tx, one)
    return len(found)


def _with_urgency(tx: Tx, found: Sequence[Calling]) -> list[Calling]:
    """Those about orders, with how urgent these are."""
    known = urgency_of(tx, {one.about for one in found})
    return [
        replace(one, proven=of.proven, ends_at=of.due_at or one.ends_at)
        if (of := known.get(one.about))
        else one
        for one in found
    ]


def _of_ring(tx: Tx, settings: Settings, one: Ring) -> Calling:
    step = step_of(one.since, tx.now, settings.escalate_minutes)
    data = one.data | {"ring": str(one.id)} | _called(settings, step)
    return Calling(one.order_id or one.id, one.type, data, False, None)


def _of_clock(tx: Tx, settings: Settings, rung: Rung) -> Calling:
    clock, now = rung.clock, tx.now
    data = told(
        {
            "clock": clock_view(clock, now),
            "order": clock.order,
            "minutes_left": minutes_left(clock, now),
        }
    )
    data |= _called(settings, rung.step)
    # A clock of no order is of a duty of our own.
    return Calling(clock.order or clock.id, rung.type, data, clock.order is None, clock.ends_at)


def _called(settings: Settings, step: int) -> dict[str, Any]:
    """How far it has climbed, and who is called by now."""
    return {"step": step, "called": settings.on_call[: step + 1]}


def make_call(database: Database, settings: Settings) -> int:
    """Run the command for one call; returns how many were made. For the worker."""
    if not settings.on_call_command:
        return 0
    place = place_of(settings.data_dir)
    with database.begin() as tx:
        if (one := claim_call(tx, CALL_LEASE, place)) is None:
            return 0
        message = {"type": one.type, "timestamp": tx.now, "data": one.data}
    _run(settings.on_call_command, msgspec.json.encode(message), one.type)
    with database.begin() as tx:
        made(tx, one, place)
    return 1


def _run(command: list[str], message: bytes, type: str) -> None:
    """Run it; that it fails, and no more, is logged: the ring goes on."""
    try:
        found = subprocess.run(
            command,
            input=message,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.error("ringing.command_failed", type=type, error=error.__class__.__name__)
    else:
        if found.returncode:
            log.error("ringing.command_failed", type=type, status=found.returncode)
