"""What was learnt, as a process of the program knows it: how likely a text is urgent."""

import threading
from datetime import datetime, timedelta

from tidegate.content.model import Content
from tidegate.infra.db import Tx
from tidegate.triage.learned import Learner
from tidegate.triage.models import newest_version, read_learner
from tidegate.triage.words import Numbers

ASKED = timedelta(seconds=10)  # how often a process asks for a newer version


class Urgency:
    """The newest version as of a few seconds ago. Its words are numbers under the key."""

    def __init__(self, key: bytes) -> None:
        self.numbers = Numbers(key)
        self._learner = Learner()
        self._version = 0
        self._asked: datetime | None = None
        self._lock = threading.Lock()

    @property
    def decisions(self) -> int:
        """From how many decisions it learnt."""
        return self._learner.decisions

    @property
    def generation(self) -> int:
        """Grows when what it says has changed so much that cases are to be ranked by it anew."""
        return self._learner.generation

    def refresh(self, tx: Tx) -> "Urgency":
        """Itself, caught up with what others have learnt."""
        with self._lock:
            if self._asked is None or not self._asked <= tx.now < self._asked + ASKED:
                self._asked = tx.now
                if newest_version(tx) != self._version:
                    self._version, self._learner = read_learner(tx, to_learn=False)
        return self

    def of(self, content: Content | None) -> float | None:
        """How likely people act on what says this, 0 to 1, by its words alone; None while too little is known, and
        where there are no words."""
        learner = self._learner
        if content is None or not content.text or not learner.speaks:
            return None
        return learner.likelihood(learner.score(self.numbers.of(content.text)))
