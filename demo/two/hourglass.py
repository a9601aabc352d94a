"""The time that all instances of the day go by: one file, replaced by a rename for each jump."""

from datetime import datetime, timedelta
from pathlib import Path

from tidegate.infra.clock import FileClock

MIDNIGHT = datetime.fromisoformat("2026-06-08T00:00:00Z")  # a Monday


class Hourglass:
    """What time it is in the story, and turning it. It runs on by itself between two turns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "now"
        self._put(MIDNIGHT - timedelta(minutes=10))
        self._clock: FileClock | None = FileClock(self.path)

    @property
    def now(self) -> datetime:
        assert self._clock is not None
        return self._clock.now()

    def stop(self) -> None:
        """Nobody looks at the file any more, which may go."""
        self._clock = None

    def to(self, time: str, day: int = 1) -> None:
        """Turn it to a time of a day of the story; one that is over already is let be."""
        hours, minutes = time.split(":")
        moment = MIDNIGHT + timedelta(days=day - 1, hours=int(hours), minutes=int(minutes))
        self.at(moment)

    def at(self, moment: datetime) -> None:
        """The same for any moment."""
        if moment > self.now:
            self._put(moment)

    def said(self, moment: datetime | None = None) -> str:
        """A moment as the story tells it: its day and its time."""
        since = (moment or self.now) - MIDNIGHT
        return f"day {since.days + 1} {(MIDNIGHT + since):%H:%M:%S}"

    def _put(self, moment: datetime) -> None:
        draft = self.path.with_name("draft")
        draft.write_text(f"{moment.isoformat()}\n")
        draft.rename(self.path)
