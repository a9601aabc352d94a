"""Runs the two-sided day: starts the sides, tells the day line by line, and checks all that it tells.

`python -m demo.two [--headless]`; the exit status is 0 when everything that is told has happened.
"""

import argparse
import os
import shutil
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from tidegate.exchange.model import Organisation
from tidegate.ledger.verify import Verification

from ..processes import DemoError
from . import afternoon, cards, cast, day, later
from .hourglass import Hourglass
from .killing import Killer
from .meeting import meet_all
from .ports import free_ports
from .sides import Side
from .telling import Telling

_SIGNED_IN = {
    "authority": ("officer", "approver", "analyst"),
    "platform": ("legal", "reviewer", "analyst"),
}


def main() -> int:
    """Run the day; the exit status."""
    parser = argparse.ArgumentParser(prog="demo-two", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="end with the day")
    parser.add_argument("--kills", type=int, default=0, help="kill a side so many times on the way")
    parser.add_argument("--seed", type=int, default=0, help="which decides when, and whom")
    parser.add_argument("--morning", action="store_true", help="two sides, until twenty to one")
    given = parser.parse_args()
    console = Console(highlight=False)
    # The sides are instances of their own, whatever is set for the one that is worked with.
    for name in [name for name in os.environ if name.startswith("TIDEGATE_")]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="tidegate-two-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            sides = play(console, folder, stack, given.kills, given.seed, whole=not given.morning)
            if not given.headless:
                serve(console, sides)
    except DemoError as error:
        console.print(f"The day failed. {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted.")
        return 130
    return 0


def play(
    console: Console, folder: Path, stack: ExitStack, kills: int, seed: int, *, whole: bool
) -> list[Side]:
    """The day, whole or until twenty to one. Raises DemoError."""
    telling = Telling(console, Hourglass(folder))
    who = [cast.GERMANY, cast.FORUM]
    if whole:
        who = [cast.GERMANY, cast.IRISH_FORUM, cast.IRELAND, cast.BOARD]
    sides = start(telling, folder, stack, who)
    today = day.Day(telling, *sides[:2])
    killer = Killer(telling, sides, kills, seed)
    for step in day.MORNING:
        step(today)
    if whole:
        go_on(today, *sides[2:])
    telling.equal(killer.left, 0, "the number of kills that are left")
    later.prove(today, sides)
    verify_ledgers(telling, sides)
    console.print(f"{telling.checked} checks in {telling.seconds:.0f} s")
    return sides


def go_on(today: day.Day, second: Side, slow: Side) -> None:
    """What comes after the morning."""
    afternoon.clarify(today)
    afternoon.look_at_copies(today)
    afternoon.inform_second(today, second)
    afternoon.order_twice(today, second)
    afternoon.distrust(today)
    afternoon.keep_silent(today)
    later.scrutinise(today, second)
    later.be_late(today, slow)
    cards.refer(today, slow)
    cards.weigh(today, slow)
    cards.hear(today, slow)
    later.end_silence(today)
    later.end_holds(today)


def start(telling: Telling, folder: Path, stack: ExitStack, who: list[Organisation]) -> list[Side]:
    """The sides, who trust each other. They start side by side, and end so."""
    sides: list[Side] = []
    stack.callback(telling.hourglass.stop)
    stack.callback(end, sides)
    with telling.step(f"{len(who)} instances start, each with a database of its own"):
        ports = free_ports(len(who))
        for one, port in zip(who, ports, strict=True):
            sides.append(Side(one, folder, port, telling.hourglass.path))
        with ThreadPoolExecutor(len(sides)) as pool:
            list(pool.map(Side.enrol, sides))
    with telling.step("each fetches what the others publish; two persons confirm the fingerprints"):
        meet_all(sides)
    return sides


def end(sides: list[Side]) -> None:
    """All of them, whose databases go with them."""
    with ThreadPoolExecutor(max(1, len(sides))) as pool:
        list(pool.map(Side.end, sides))


def verify_ledgers(telling: Telling, sides: list[Side]) -> None:
    """All of them, once all is sealed."""
    for side in sides:

        def sealed(side: Side = side) -> Verification | None:
            found = side.verify_ledger()
            return None if found.unsealed else found

        found = telling.wait(f"the seal of the ledger of {side.id}", sealed)
        telling.equal(found.faults, [], f"what is wrong with the ledger of {side.id}")
    telling.line("all ledgers verify")


def serve(console: Console, sides: list[Side]) -> None:
    """Until Ctrl-C."""
    console.print("Both sides serve until Ctrl-C. To sign in, once each:")
    for side in sides:
        for name in _SIGNED_IN[side.kind]:
            console.print(f"  {name} of {side.id}: {side.link(name)}", soft_wrap=True)
    if len(sides) > 2:
        console.print(f"The two scorecards, for the analyst of {sides[0].id}:")
        for side in sides[1], sides[3]:
            console.print(f"  {cards.page(sides[0], side)}", soft_wrap=True)
    with suppress(KeyboardInterrupt):
        sides[0].server.wait()
    console.print("Stopping.")
