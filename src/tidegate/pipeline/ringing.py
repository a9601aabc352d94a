"""What is due calls people: clocks and rings say so to webhooks and to the command on call, again and again
until somebody has it.

Both are written in the transaction that notes the ring: the outbox sends the message, `make_call` runs the
command. A process that dies in between has lost nothing.
"""

import subprocess
from typing import Any
from uuid import UUID

import msgspec
import structlog

from tidegate.clocks.calls import Calling, call, made, next_call
from tidegate.clocks.rings import Ring, sweep_rings
from tidegate.clocks.sweeping import Rung, sweep
from tidegate.clocks.views import clock_view
from tidegate.clocks.waking import minutes_left, step_of
from tidegate.enforcement.notices import notify
from tidegate.infra.db import Database, Tx
from tidegate.infra.settings import Settings
from tidegate.infra.times import told

BATCH = 200
CALL_SECONDS = 20.0  # then the command is ended; it holds up other calls
log = structlog.get_logger()


def ring_due(tx: Tx, settings: Settings) -> int:
    """Tell what is due; returns of how much. For the worker."""
    rings = sweep_rings(tx, BATCH)
    for one in rings:
        _tell_ring(tx, settings, one)
    found = sweep(tx, BATCH, seconds=settings.ring_seconds, minutes=settings.escalate_minutes)
    for rung in found:
        _tell_clock(tx, settings, rung)
    return len(rings) + len(found)


def _tell_ring(tx: Tx, settings: Settings, one: Ring) -> None:
    step = step_of(one.since, tx.now, settings.escalate_minutes)
    data = one.data | {"ring": str(one.id)} | _called(settings, step)
    _tell(tx, settings, one.type, data, one.order_id or one.id, calls=True)


def _tell_clock(tx: Tx, settings: Settings, rung: Rung) -> None:
    clock = rung.clock
    data = told(
        {
            "clock": clock_view(clock, tx.now),
            "order": clock.order,
            "minutes_left": minutes_left(clock, tx.now),
        }
    )
    data |= _called(settings, rung.step)
    _tell(tx, settings, rung.type, data, clock.order or clock.id, calls=rung.calls)


def _called(settings: Settings, step: int) -> dict[str, Any]:
    """How far it has climbed, and who is called by now."""
    return {"step": step, "called": settings.on_call[: step + 1]}


def _tell(
    tx: Tx, settings: Settings, type: str, data: dict[str, Any], about: UUID, *, calls: bool
) -> None:
    notify(tx, type, data)
    if calls and settings.on_call_command:
        call(tx, Calling(about, type, data))


def make_call(database: Database, settings: Settings) -> int:
    """Run the command for one call; returns how many were made. For the worker."""
    if not settings.on_call_command:
        return 0
    with database.begin() as tx:
        if (one := next_call(tx)) is None:
            return 0
        message = {"type": one.type, "timestamp": tx.now, "data": one.data}
        _run(settings.on_call_command, msgspec.json.encode(message), one.type)
        made(tx, one)
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
