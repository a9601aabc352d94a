"""One side beside another, by turns, on one thread: for `benchmarks.text`."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from benchmarks import report

QUICK = os.environ.get("QUICK", "") not in ("", "0")
ROUNDS = 3 if QUICK else 9

WHERE = report.machine()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def line(case: str, metric: str, value: float, unit: str, n: int) -> report.Line:
    return report.Line("text", case, metric, round(value, 2), unit, n, 1, WHERE)


def beside(one: report.Line, peer: str, value: float) -> report.Line:
    """The same with what a peer reached."""
    return msgspec.structs.replace(
        one, peer=peer, peer_value=round(value, 2), ratio=round(one.value / value, 2)
    )


def abreast(lines: list[report.Line]) -> list[report.Line]:
    """A table's lines: ours, the peer's and the ratio side by side."""
    return [
        line(f"{one.metric}, {one.case}, beside {one.peer}", metric, value, "", one.n)
        for one in lines
        for metric, value in (
            ("Tidegate", one.value),
            ("peer", one.peer_value or 0),
            ("ratio", one.ratio or 0),
        )
    ]


class Side(NamedTuple):
    """What is timed: `work` on `texts`. A slow side is given fewer. In processor time of this thread,
    which is all that either side uses: it depends less on what else the machine does."""

    name: str
    work: Callable[[Sequence[str]], object]
    texts: Sequence[str]

    def seconds(self) -> float:
        began = time.thread_time()
        self.work(self.texts)
        return (time.thread_time() - began) / len(self.texts)


def race(case: str, unit: str, ours: Side, peers: list[Side]) -> list[report.Line]:
    """Ours beside each peer: the best of several rounds, in which all take turns."""
    best = [side.seconds() for side in (ours, *peers)]
    for _ in range(ROUNDS):
        best = [min(old, side.seconds()) for old, side in zip(best, (ours, *peers), strict=True)]
    own = line(case, unit, 1 / best[0], unit, len(ours.texts))
    for peer, seconds in zip(peers, best[1:], strict=True):
        say(f"{case}: {own.value:,.0f} {unit}, {peer.name} {1 / seconds:,.0f}")
    return [beside(own, peer.name, 1 / at) for peer, at in zip(peers, best[1:], strict=True)]
