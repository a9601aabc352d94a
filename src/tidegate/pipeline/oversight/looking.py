"""Doing the looks that are due: each host in a task of its own, one request at a time and a second between two,
however many processes there are.
"""

import asyncio
from functools import partial

import structlog

from tidegate.exchange.model import Organisation
from tidegate.exchange.queries import organisation
from tidegate.infra.clock import outside
from tidegate.infra.courier import Courier, place_of
from tidegate.infra.db import UNAVAILABLE, Tx
from tidegate.infra.egress import AddressGuard, Client
from tidegate.infra.pulse import Steps
from tidegate.infra.settings import Settings
from tidegate.infra.slices import Errand, Home
from tidegate.oversight.checks import actions as checks
from tidegate.oversight.checks.actions import Claim
from tidegate.oversight.checks.model import (
    CONTROL_HOLDS,
    EXPLICIT,
    Fault,
    Saw,
    address_of,
    is_live,
    says,
)
from tidegate.oversight.checks.queries import ControlSeen, control_seen, first_digest
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.walking import TIMEOUT, Busy, Wait, Walker

_HOSTS_AT_ONCE = 200
_TURN_SECONDS = 300.0

log = structlog.get_logger(__name__)


class Looker(Courier[str]):
    """Does what is due. `wait` is what passes the time until a host may be asked."""

    name = "checks"

    def __init__(
        self, instance: Instance, *, timeout: float = TIMEOUT, wait: Wait = asyncio.sleep
    ) -> None:
        super().__init__(instance.database, place_of(instance.settings.data_dir))
        self._instance = instance
        self._clock = instance.clock
        self._signs = instance.signs
        self._client = Client(AddressGuard(instance.settings.allowed_addresses))
        self._walker = Walker(
            self._client, self._clock, self._signs, self.in_tx, timeout=timeout, wait=wait
        )

    def find_due(self, tx: Tx) -> list[str]:
        return checks.due_hosts(tx, outside(self._clock), _HOSTS_AT_ONCE)

    def free(self, tx: Tx, place: str) -> None:
        checks.free(tx, place)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def drain(self, key: str) -> int:
        """One look at the host: the next has to wait for its second."""
        try:
            claimed, us = await self.in_tx(partial(self._claim, host=key))
            if claimed is None:
                return 0
            await self._do(claimed, us)
        except UNAVAILABLE as error:
            # The lease ends by itself, and the look is done again.
            log.warning("checks.database_unavailable", error=type(error).__name__)
        return 1

    def _claim(self, tx: Tx, host: str) -> tuple[Claim | None, Organisation | None]:
        return checks.claim(tx, host, outside(self._clock), self._place), organisation(tx)

    async def _do(self, claimed: Claim, us: Organisation | None) -> None:
        """One look, and what became of it."""
        agent = agent_of(self._instance.settings, us)
        try:
            saw = await self._walker.look(claimed.check.url, agent, claimed.held_until)
            control = None
            if says(saw, self._signs) in EXPLICIT:
                control = await self._control(claimed, agent)
        except asyncio.CancelledError:
            await self.in_tx(lambda tx: checks.hand_back(tx, claimed))
            raise
        except UNAVAILABLE:
            raise
        except Busy:
            later = self._clock.now() + CONTROL_HOLDS
            if later < claimed.check.due_at + checks.WINDOW:
                await self.in_tx(lambda tx: checks.hand_back(tx, claimed, later))
                return
            saw, control = self._fault(claimed, "busy"), None
        except Exception as error:  # a fault of this one, which must not hold up the next
            log.error("checks.fault", check=str(claimed.check.id), error=type(error).__name__)
            saw, control = self._fault(claimed, "failed"), None
        await self.in_tx(lambda tx: self._write(tx, claimed, us, saw, control))

    async def _control(self, claimed: Claim, agent: str) -> ControlSeen:
        """What is known of a host since a minute, or a look at its control address."""
        control = self._signs.control_of(claimed.check.url, claimed.host)
        if (known := await self._known(control)) is not None:
            return known
        host = address_of(control).host
        held = await self._walker.take(host)
        if (known := await self._known(control)) is not None:  # another looked meanwhile
            await self._walker.give(host, held)
            return known
        saw = await self._walker.look(control, agent, held)
        seen = ControlSeen(saw.at, is_live(saw, self._signs), saw.status)
        await self.in_tx(lambda tx: checks.keep_control(tx, control, seen))
        return seen

    async def _known(self, control: str) -> ControlSeen | None:
        since = self._clock.now() - CONTROL_HOLDS
        return await self.in_tx(lambda tx: control_seen(tx, control, since))

    def _write(
        self,
        tx: Tx,
        claimed: Claim,
        us: Organisation | None,
        saw: Saw,
        control: ControlSeen | None,
    ) -> None:
        check, known = claimed.check, claimed.captured
        if not known and (first := first_digest(tx, check.owner, check.n)) is not None:
            known = [first]
        vantage = vantage_of(self._instance.settings, us)
        checks.record(tx, claimed, saw, says(saw, self._signs, known), control, vantage)

    def _fault(self, claimed: Claim, fault: Fault) -> Saw:
        url = claimed.check.url
        return Saw(asked=url, at=self._clock.now(), url=url, fault=fault)


def agent_of(settings: Settings, us: Organisation | None) -> str:
    """Who asks and why, and whom a host can tell to stop."""
    told = ["availability check", *([us.id, us.contact_email] if us is not None else [])]
    if settings.public_url is not None:
        told.append(f"+{settings.public_url}")
    text = "; ".join(told)
    return f"tidegate ({''.join(c for c in text if ' ' <= c <= '~' and c not in '()')})"


def vantage_of(settings: Settings, us: Organisation | None) -> str:
    """From where is looked."""
    return settings.oversight_vantage or f"{'nobody' if us is None else us.id} direct"


def look_at_due(instance: Instance) -> Errand:
    """The errand of this process."""

    async def run(_: Home, stop: asyncio.Event, steps: Steps) -> None:
        looker = Looker(instance)
        try:
            await looker.run(stop, turn=lambda: steps.turn("checks", _TURN_SECONDS))
        finally:
            steps.over("checks")

    return run
