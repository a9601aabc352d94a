"""The look back for phrases: they are no codes, so the texts of all kept items are walked through.

The look back notes which entries with a phrase have changed (`changes.seek`). A *walk* takes all that wait,
finds the items whose texts hold one of their phrases, and has them looked at again; what comes
meanwhile waits for the next walk. It goes by the numbers of revisions, a page at a time, each in a
transaction of its own that also keeps how far it is, so that another process goes on from there.

There is no gap, as there is none for codes. A walk begins after the look back has committed that it
has reached the entry's version. An item that commits before the walk passes its number is on the
walk's way; one that commits later comes in to the look back later too, which by then takes note of
all that were judged by an older version. What was judged by that version or a newer one, and is
therefore left out here, met the phrase at its first look.
"""

from contextlib import closing
from typing import NamedTuple

import msgspec

from tidegate.content.kept import KeptText, texts_after
from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.infra.progress import advance, claim, start
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.relook import look_again
from tidegate.signals.banks.changes import (
    arrive,
    is_sought,
    phrases_of_walk,
    set_out,
    walk_under_way,
)
from tidegate.signals.banks.wording import text_probes
from tidegate.signals.index import CodeIndex

PAGE = 500  # items that are read in one transaction at most
PAGE_BYTES = 1 << 18  # of content, after which a page ends
BATCH = 25  # items that are looked at again in one transaction

_POSITION = "phrase walk position"  # the last number that was walked past; 0 between walks
_WALKS = "phrase walks"


class Paced(NamedTuple):
    """What a step did: how many items it read, and how many evaluations it appended."""

    read: int
    appended: int


class _Page(NamedTuple):
    """`last`: the number of the last item that was read. `ended`: none comes after it."""

    last: int
    read: int
    found: list[int]
    ended: bool


class PhraseWalk:
    """The walk of one process; one thread steps it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        with instance.database.begin() as tx:
            start(tx, _POSITION)
        self._phrases: tuple[int, CodeIndex] = (0, CodeIndex())  # of the walk of that number

    def step(self) -> Paced | None:
        """Walk through the next page; None when no phrase waits, or another process is at it."""
        with self._instance.database.begin() as tx:
            if not is_sought(tx):
                return None
            position = claim(tx, _POSITION)
            if position is None:
                return None
            walk = walk_under_way(tx)
            if walk is None:  # in a transaction of its own, so that nobody waits for these rows
                set_out(tx, tx.next_number(_WALKS))
                advance(tx, _POSITION, 0)
                return Paced(0, 0)
            page = self._read(tx, position, walk.version, self._sought(tx, walk.number))
            appended = look_again(tx, self._instance, page.found)
            if page.ended:
                arrive(tx, walk.number)
            advance(tx, _POSITION, 0 if page.ended else page.last)
        return Paced(page.read, appended)

    def _sought(self, tx: Tx, walk: int) -> CodeIndex:
        """The phrases of a walk. One that was taken out of use since it began may be among them:
        they only say which items are worth another look."""
        if self._phrases[0] != walk:
            index = CodeIndex()
            for number, phrases in phrases_of_walk(tx, walk):
                index.upsert(number, 0, phrases)
            self._phrases = (walk, index)
        return self._phrases[1]

    def _read(self, tx: Tx, after: int, version: int, phrases: CodeIndex) -> _Page:
        """The next items that were first judged by a bank version before `version`."""
        last, read, size = after, 0, 0
        found: list[int] = []
        if not phrases.has_phrases:
            return _Page(last, read, found, ended=True)
        with closing(texts_after(tx, after, version, PAGE)) as texts:
            for one in texts:
                last, read, size = one.number, read + 1, size + one.size
                if _holds_one(tx, one, phrases):
                    found.append(one.number)
                if size >= PAGE_BYTES or len(found) >= BATCH:
                    return _Page(last, read, found, ended=False)
        return _Page(last, read, found, ended=read < PAGE)


def _holds_one(tx: Tx, one: KeptText, phrases: CodeIndex) -> bool:
    try:
        worded = one.worded
    except msgspec.DecodeError as error:
        set_aside(tx, "texts to search", one.number, error)
        return False
    return worded is not None and any(phrases.search([code for _, code in text_probes(worded)]))
