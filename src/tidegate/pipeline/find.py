"""Finding: what is asked for, in items, cases, decisions and entries, the newest first.

Items are found by their terms (`signals/words`); who posted them, which file they have, what they matched and
what was decided on them narrows them to a known few first. Cases and decisions are found by what they say
of themselves, and by the items that they are about: where few items are meant, these lead; where many are,
the cases are gone through, and each is looked at whether it is about one of them.

No request looks further than it must, nor further than the bounds below: then it says so, and the next page
goes on from there. What somebody may not see is found by nothing, and neither is what was erased.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

from tidegate.content.kept import words_of
from tidegate.content.model import pseudonym
from tidegate.content.queries import items_of_authors, items_with_file, platforms_posting
from tidegate.decisions.found import (
    DecisionFilter,
    found_decisions,
    items_matching,
    numbers_decided,
)
from tidegate.infra.db import Tx
from tidegate.pipeline.asked import Asked
from tidegate.review.found import CaseFilter, found_cases
from tidegate.signals.words.model import holds, is_plain, needed, of_platform, skeleton_of
from tidegate.signals.words.queries import (
    ITEM_TERMS,
    Found,
    Sought,
    among,
    newest,
    numbers_of_items,
    open_items,
)

MOST = 3000  # items that an author, a file, an entry or decisions narrow to: the newest
FEW = 500  # items that lead to their cases and decisions
CHUNK = 250  # numbers that are looked at once
PAGE = 1000  # cases or decisions that a page goes through, and of texts half as many
COUNT = 250  # the same where what is found is only counted
_FIRST = 250  # cases or decisions at first; of each further look twice as many

Place = tuple[datetime, UUID]
# Rows of a table with the items that they are about, and the place to go on after.
_Page = tuple[list[tuple[Place, UUID | None]], Place | None]


class Hit(NamedTuple):
    """One thing that is found, and its place in the order."""

    place: int | Place
    id: UUID


class Some(NamedTuple):
    """The next of what is found, and where to go on; `after` is None where there is no more."""

    found: list[Hit]
    after: int | Place | None


class Keys(NamedTuple):
    """What terms and pseudonyms are made with."""

    terms: bytes
    authors: bytes


class Items:
    """The items that are meant, of one question in one transaction."""

    def __init__(
        self, tx: Tx, keys: Keys, asked: Asked, by: Collection[str], read: dict[int, bool]
    ) -> None:
        self._tx, self._keys, self._asked, self._by = tx, keys, asked, by
        self._doubtful = [one for one in asked.needles if not is_plain(one)]
        self._read = read  # whether the texts that were read hold the needles

    @property
    def any(self) -> bool:
        """Whether all items are meant."""
        a = self._asked
        narrowing = (a.needles, a.author, a.platform, a.lang, a.label, a.outcome, a.by, a.entry)
        return not any([*narrowing, a.sha256, a.before, a.after])

    def next(self, below: int | None, limit: int, reads: int) -> tuple[list[Found], int | None]:
        """The next items, by the numbers of their latest revisions, and the number to go on below; of
        texts that must be read at most about so many."""
        found: list[Found] = []
        read = 0
        size = CHUNK if self._doubtful else max(limit + 1, CHUNK)
        while True:
            numbers = self._numbers(below, size)
            for one in self._holding(open_items(self._tx, numbers)):
                found.append(one)
                if len(found) == limit:
                    return found, one.number
            read += len(numbers)
            if len(numbers) < size:
                return found, None
            below = numbers[-1]
            if read >= (reads if self._doubtful else MOST):
                return found, below

    @cached_property
    def few(self) -> list[UUID] | None:
        """All of them, where they are few; None where they are not."""
        found, more = self.next(None, FEW + 1, COUNT)
        return None if more is not None or len(found) > FEW else [one.item_id for one in found]

    def meant(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of these items that are meant."""
        numbers = set(numbers_of_items(self._tx, ids).values())
        if self._narrowed is not None:
            numbers &= self._narrowed
        having = among(self._tx, ITEM_TERMS, self._keys.terms, self._sought, numbers)
        return {one.item_id for one in self._holding(open_items(self._tx, having))}

    def _numbers(self, below: int | None, limit: int) -> list[int]:
        key, sought = self._keys.terms, self._sought
        if self._narrowed is None:
            return newest(self._tx, ITEM_TERMS, key, sought, below, limit)
        return [one for one in self._having if below is None or one < below][:limit]

    @cached_property
    def _having(self) -> list[int]:
        assert self._narrowed is not None
        return among(self._tx, ITEM_TERMS, self._keys.terms, self._sought, self._narrowed)

    def _holding(self, found: Sequence[Found]) -> list[Found]:
        """Without those whose words stand otherwise than asked for."""
        if not self._doubtful or not found:
            return [*found]
        fresh = [one.number for one in found if one.number not in self._read]
        for number, worded in words_of(self._tx, fresh).items():
            text = skeleton_of(worded)
            self._read[number] = all(holds(text, needle) for needle in self._doubtful)
        return [one for one in found if self._read.get(one.number)]

    @cached_property
    def _sought(self) -> Sought:
        said = {piece for needle in self._asked.needles for piece in needed(needle)}
        if self._asked.lang is not None:
            said.add(f"lang {self._asked.lang.lower()}")
        if self._asked.platform is not None:
            said.add(of_platform(self._asked.platform))
        mine = () if self._tx.platforms is None else map(of_platform, self._tx.platforms)
        return Sought(
            frozenset(said), frozenset(mine), since=self._asked.after, before=self._asked.before
        )

    @cached_property
    def _narrowed(self) -> set[int] | None:
        """The numbers of those that an author, a file, an entry or decisions leave; None: of all."""
        if not self._leading:
            return None
        return set(self._leading[0]).intersection(*self._leading[1:])

    @property
    def cut(self) -> bool:
        """Whether what narrows them is more than is gone through: older ones are left out."""
        return any(len(numbers) >= MOST for numbers in self._leading)

    @cached_property
    def _leading(self) -> list[Collection[int]]:
        """The numbers of what each of these operators leaves."""
        tx, asked = self._tx, self._asked
        found: list[Sequence[UUID]] = []
        if asked.author is not None:
            found.append(items_of_authors(tx, self._authors(asked.author), MOST))
        if asked.sha256 is not None:
            found.append(items_with_file(tx, [asked.sha256], MOST)[asked.sha256])
        if asked.entry is not None:
            found.append(items_matching(tx, asked.entry, MOST))
        numbers: list[Collection[int]] = [numbers_of_items(tx, ids).values() for ids in found]
        if asked.outcome or asked.label or asked.by:
            filter = DecisionFilter(outcome=asked.outcome, label=asked.label, by=self._by)
            numbers.append(numbers_decided(tx, filter, MOST))
        return numbers

    def _authors(self, said: str) -> set[str]:
        """The pseudonym itself, or those of whoever the platforms call so."""
        platforms = platforms_posting(self._tx)
        return {said} | {pseudonym(self._keys.authors, one, said) for one in platforms}


class Finder:
    """One question in one transaction, with its answers. `by` are the actors that its `by:` means."""

    def __init__(self, tx: Tx, keys: Keys, asked: Asked, by: Collection[str] = ()) -> None:
        self._tx, self._keys, self._asked, self._by = tx, keys, asked, by
        self._read: dict[int, bool] = {}
        self._meant: dict[Asked, Items] = {}

    def items(self, after: int | Place | None, limit: int, look: int = PAGE) -> Some:
        """Items, those that were posted or edited last first."""
        below = after if isinstance(after, int) else None
        found, more = self._items.next(below, limit, look // 2)
        return Some([Hit(one.number, one.item_id) for one in found], more)

    def cases(self, after: int | Place | None, limit: int, look: int = PAGE) -> Some:
        """Cases, those that were opened last first."""
        asked, about = self._asked, self._of_cases
        few = None if about.any else about.few
        ids: set[UUID] | None = None
        if asked.outcome or asked.by:
            decided = DecisionFilter(outcome=asked.outcome, by=self._by)
            of = (one.case_id for one in found_decisions(self._tx, decided, None, MOST))
            ids = {one for one in of if one is not None}
        filter = CaseFilter(
            items=few,
            ids=ids,
            entry=asked.entry,
            platform=asked.platform,
            language=asked.lang,
            label=asked.label,
            since=asked.after,
            before=asked.before,
        )

        def page(place: Place | None, size: int) -> _Page:
            found, more = found_cases(self._tx, filter, place, size)
            return [((one.at, one.id), one.item_id) for one in found], more

        return _all(page, about, few, _place(after), limit, look)

    def decisions(self, after: int | Place | None, limit: int, look: int = PAGE) -> Some:
        """Decisions, the newest first."""
        asked, about = self._asked, self._of_decisions
        few = None if about.any else about.few
        filter = DecisionFilter(
            items=few,
            outcome=asked.outcome,
            label=asked.label,
            by=self._by,
            since=asked.after,
            before=asked.before,
        )

        def page(place: Place | None, size: int) -> _Page:
            found = found_decisions(self._tx, filter, place, size)
            more = (found[-1].at, found[-1].id) if len(found) == size else None
            return [((one.at, one.id), one.item_id) for one in found], more

        return _all(page, about, few, _place(after), limit, look)

    @property
    def cut(self) -> bool:
        """Whether there may be older items than are found."""
        return self._items.cut

    @property
    def _items(self) -> Items:
        return self._that(self._asked)

    @property
    def _of_cases(self) -> Items:
        """What cases say of themselves is not asked of their items."""
        a = self._asked
        about = Asked(needles=a.needles, author=a.author, entry=a.entry, sha256=a.sha256)
        return self._that(about)

    @property
    def _of_decisions(self) -> Items:
        a = self._asked
        about = Asked(needles=a.needles, author=a.author, entry=a.entry, sha256=a.sha256)
        return self._that(msgspec.structs.replace(about, platform=a.platform, lang=a.lang))

    def _that(self, asked: Asked) -> Items:
        """The items that are meant so, which other sorts may share."""
        wanted = msgspec.structs.replace(asked, said=())
        if wanted not in self._meant:
            by = self._by if asked.by else ()
            self._meant[wanted] = Items(self._tx, self._keys, wanted, by, self._read)
        return self._meant[wanted]


def _place(after: int | Place | None) -> Place | None:
    return after if isinstance(after, tuple) else None


def _all(
    page: Callable[[Place | None, int], _Page],
    about: Items,
    few: list[UUID] | None,
    place: Place | None,
    limit: int,
    look: int,
) -> Some:
    """What pages give that is about the items that are meant. Where these are all, or so few that the
    pages are of them alone, that is the next page; else what comes is looked at, at most about `look`."""
    if few is not None or about.any:
        rows, more = page(place, limit)
        return Some([Hit(here, here[1]) for here, _ in rows], more)
    found: list[Hit] = []
    looked, size = 0, _FIRST
    while True:
        rows, more = page(place, size)
        meant = about.meant({item for _, item in rows if item is not None})
        for here, item in rows:
            if item in meant:
                found.append(Hit(here, here[1]))
                if len(found) == limit:
                    return Some(found, here)
        looked += len(rows)
        if more is None or looked >= look:
            return Some(found, more)
        place, size = more, min(2 * size, max(1, look - looked))
