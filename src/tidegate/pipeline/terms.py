"""The walks that make terms: what was posted, and what entries say, becomes findable a moment later.

No post waits for it. A walk goes by numbers, a page at a time: it reads the texts, makes their terms, and
keeps them in a second transaction for those items that nobody has changed meanwhile. Numbers are given
before their rows are seen, so a walk is past a number only once every transaction of that time has ended
(`claim_walk`); what can be seen earlier is taken in earlier. After a restore, or with a program that
reads texts otherwise, the walk begins anew.
"""

from collections.abc import Sequence

import msgspec

from tidegate.content.kept import newest_number
from tidegate.content.model import Content, Worded
from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks.found import UnmadeEntry, newest_entry, unmade_entries
from tidegate.signals.language import language_of
from tidegate.signals.words.actions import (
    ENTRIES,
    ITEMS,
    Termed,
    Walk,
    advance_walk,
    claim_walk,
    keep_terms,
    lock_latest,
)
from tidegate.signals.words.model import of_language, of_platform, pieces, skeleton_of, terms
from tidegate.signals.words.queries import Unmade, unmade, walked

PAGE = 500


class TermWalk:
    """The walks of one process; one thread steps them."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._begun = False  # at first it is asked by what the terms were made

    def step(self) -> int:
        """The next page of items and of entries: how much was done, if there may be more. What comes one by
        one is left to gather until the next step."""
        with self._instance.database.begin() as tx:
            idle = self._begun and not behind(tx) and newest_entry(tx) <= walked(tx, ENTRIES)
        self._begun = True
        return 0 if idle else self._items() + self._entries()

    def _items(self) -> int:
        with self._instance.database.begin() as tx:
            walk = claim_walk(tx, ITEMS, newest_number(tx))
            page = [] if walk is None else unmade(tx, walk.position, PAGE)
        if walk is None:
            return 0
        made, bad = self._made(page)
        numbers = [one.number for one in page]
        with self._instance.database.begin() as tx:
            walk = claim_walk(tx, ITEMS, 0)
            if walk is None:
                return 0
            free = lock_latest(tx, numbers)
            keep_terms(tx, ITEMS, [one for one in made if one.number in free])
            for number, error in bad.items():
                set_aside(tx, "texts to find by", number, error)
            _advance(tx, ITEMS, walk, numbers, free)
        return len(free) if len(page) == PAGE else 0

    def _made(self, page: Sequence[Unmade]) -> tuple[list[Termed], dict[int, Exception]]:
        """The terms of a page. What cannot be read is found by nothing, and told of."""
        made: list[Termed] = []
        bad: dict[int, Exception] = {}
        for one in page:
            found: list[int] = []
            try:
                content = msgspec.json.decode(one.content, type=Content)
                said = said_by(content, one.platform)
                found = terms(self._instance.secrets.terms_key, one.number, said)
            except Exception as error:
                bad[one.number] = error
            made.append(Termed(one.item_id, one.number, one.at, found))
        return made, bad

    def _entries(self) -> int:
        with self._instance.database.begin() as tx:
            walk = claim_walk(tx, ENTRIES, newest_entry(tx))
            if walk is None:
                return 0
            page = unmade_entries(tx, walk.position, PAGE)
            key = self._instance.secrets.terms_key
            keep_terms(tx, ENTRIES, [_entry_termed(key, one) for one in page if one.words])
            numbers = [one.number for one in page]
            return int(_advance(tx, ENTRIES, walk, numbers, set(numbers)))


def behind(tx: Tx) -> int:
    """How many revisions wait for their terms, at most."""
    return max(0, newest_number(tx) - walked(tx, ITEMS))


def said_by(content: Content, platform: str) -> set[str]:
    """What an item is found by."""
    found = pieces(skeleton_of(content.worded)) | {of_platform(platform)}
    return found | of_language(language_of(content).tag)


def _entry_termed(key: bytes, one: UnmadeEntry) -> Termed:
    said: set[str] = set[str]().union(*(pieces(skeleton_of(Worded(text))) for text in one.words))
    return Termed(one.id, one.number, one.at, terms(key, one.number, said))


def _advance(tx: Tx, name: str, walk: Walk, page: Sequence[int], done: set[int]) -> bool:
    """Go past what is done and settled; whether the walk is further than it was."""
    reached = page[-1] if len(page) == PAGE else max(walk.settled, walk.position)
    left = min((number for number in page if number not in done), default=reached + 1)
    position = max(walk.position, min(walk.settled, reached, left - 1))
    if position > walk.position:
        advance_walk(tx, name, position)
    return position > walk.position
