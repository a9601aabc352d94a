"""The background work of an instance: delivering, sealing, expiring. Any number of processes may
do it side by side; each piece is claimed in the database.
"""

import asyncio
import signal
from collections.abc import Callable

import structlog

from tidegate.access.sign_in import sweep as sweep_sign_in
from tidegate.content.holds.actions import end_due
from tidegate.enforcement.deliver import Deliverer
from tidegate.infra.answers import drop_old_answers
from tidegate.infra.db import UNAVAILABLE, Tx
from tidegate.ledger.sequencer import LedgerBroken, seal
from tidegate.pipeline.decide import lift_expired
from tidegate.pipeline.erase import expire, sweep_evidence
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.review.actions import release_expired
from tidegate.signals.banks.actions import enable_expired
from tidegate.signals.banks.sightings import fold_sightings

log = structlog.get_logger()

SEAL_SECONDS = 0.2
LOOK_BACK_SECONDS = 0.2
KINDS_SECONDS = 1.0
SCRUB_SECONDS = 1.0
PURGE_SECONDS = 3600.0
CLOCKS_SECONDS = 2.0
RETENTION_SECONDS = 60.0
SWEEP_SECONDS = 1800.0
BROKEN_SECONDS = 30.0  # nothing is sealed on a chain that was tampered with
SCRUB_BLOCKS = 64  # 4 MiB a second
HEAD_FILE = "ledger-head.json"


async def run_worker(instance: Instance) -> None:
    """Work until SIGTERM or SIGINT; what is in hand is finished or handed back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    deliverer = Deliverer(instance.database, instance.clock, instance.settings.allowed_addresses)
    head = instance.settings.data_dir / HEAD_FILE
    key = instance.secrets.ledger_key
    looker, walker = LookBack(instance), PhraseWalk(instance)
    kinds = KindWalk(instance)

    def look_back() -> int:
        # By turns: codes never wait for more than a page of a walk, nor a walk for all codes.
        steps = looker.step(), walker.step()
        return sum(step is not None for step in steps)

    def make_codes() -> int:
        return int(kinds.step() is not None)

    def scrub() -> int:
        for index in (instance.banks.index, looker.items.index):
            index.scrub(SCRUB_BLOCKS)
        return 0

    def purge() -> int:
        looker.purge()
        return 0

    def sweep_files() -> int:
        return sweep_evidence(instance.database, instance.evidence)

    def retention() -> int:
        return (
            _in_tx(instance, lambda tx: expire(tx, instance.settings))
            + _in_tx(instance, drop_old_answers)
            + _in_tx(instance, fold_sightings)
        )

    await asyncio.gather(
        deliverer.run(stop),
        _every(SEAL_SECONDS, stop, "seal", lambda: seal(instance.database, key, head)),
        _every(CLOCKS_SECONDS, stop, "lift", lambda: _in_tx(instance, lift_expired)),
        _every(CLOCKS_SECONDS, stop, "release", lambda: _in_tx(instance, release_expired)),
        _every(CLOCKS_SECONDS, stop, "holds", lambda: _in_tx(instance, end_due)),
        _every(CLOCKS_SECONDS, stop, "enable", lambda: _in_tx(instance, enable_expired)),
        _every(RETENTION_SECONDS, stop, "retention", retention),
        _every(RETENTION_SECONDS, stop, "sign-in", lambda: _in_tx(instance, sweep_sign_in)),
        _every(SWEEP_SECONDS, stop, "sweep", sweep_files),
        _every(LOOK_BACK_SECONDS, stop, "look-back", look_back),
        _every(KINDS_SECONDS, stop, "kinds", make_codes),
        _every(SCRUB_SECONDS, stop, "scrub", scrub),
        _every(PURGE_SECONDS, stop, "purge", purge),
    )


def _in_tx(instance: Instance, work: Callable[[Tx], int]) -> int:
    with instance.database.begin() as tx:
        return work(tx)


async def _every(seconds: float, stop: asyncio.Event, name: str, work: Callable[[], int]) -> None:
    """Do `work` in a thread, again at once while it finds something, else after a pause. A lost
    database is waited for; nothing that fails ends the loop."""
    while not stop.is_set():
        done = 0
        try:
            done = await asyncio.to_thread(work)
        except UNAVAILABLE as error:
            log.warning("worker.waiting", work=name, error=type(error).__name__)
        except LedgerBroken as error:
            log.error("ledger.broken", error=str(error))
            seconds = BROKEN_SECONDS
        except Exception as error:
            log.error("worker.failed", work=name, error=type(error).__name__)
        if done == 0:
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                continue
