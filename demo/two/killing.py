"""Kills on the way: whatever goes on behind the scenes just then has to come to its end all the same."""

import time
from collections.abc import Sequence
from random import Random

from .sides import Side
from .telling import Telling

DEEDS = range(
    9, 45
)  # what people do after the posts stand: so much is done on the whole day, and more
SOON = 0.5  # seconds after one of them
SPARED = "/communicate"  # what comes of it has to come within a minute


class Killer:
    """Kills some side, its database with it, now and then, right after somebody has done something. The same seed
    kills the same sides after the same deeds."""

    def __init__(self, telling: Telling, sides: Sequence[Side], kills: int, seed: int) -> None:
        self._tell = telling
        self._sides = sides
        self._random = Random(seed)
        self._moments = sorted(self._random.sample(DEEDS, kills))
        self._deeds = 0
        for side in sides:
            side.after = self._after

    @property
    def left(self) -> int:
        """How many are still to come."""
        return len(self._moments)

    def _after(self, path: str) -> None:
        self._deeds += 1
        if not self._moments or self._deeds < self._moments[0] or path.endswith(SPARED):
            return
        self._moments.pop(0)
        time.sleep(self._random.uniform(0, SOON))
        side = self._random.choice(self._sides)
        side.revive()
        self._tell.line(f"[dim]{side.id} was killed after {path}, and is back[/]")
