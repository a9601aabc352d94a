"""The walk through the banks: entries for addresses and texts are compared by what these are read as now.

What those are read as depends on the program, and for addresses on the list of aliases, which an operator
may change. Where both are noted in the database, all indexes have them so; else a walk goes through the entries, by
their numbers, a page and a transaction at a time, and whoever holds the row of its number takes it.
"""

from tidegate.infra.db import Database, Tx
from tidegate.infra.progress import advance, all_reached, claim, finish, note, start
from tidegate.signals.banks.renewal import Renewed, made_by, renew_page

PAGE = 1000

_MADE = "entry addresses made "  # behind it, by what: the number says no more
_WALK = "entry addresses walk "  # behind it, by what they are made: the last number that was passed


class EntryWalk:
    """The walk of one process; one thread steps it. `over`: nothing is left to do."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by = made_by()
        with database.begin() as tx:
            self.over = self._by in all_reached(tx, _MADE)
            if not self.over:
                start(tx, _WALK + self._by)

    def step(self) -> Renewed | None:
        """Walk through the next page; None where nothing is to be done, or not by this process now."""
        if self.over:
            return None
        with self._database.begin() as tx:
            position = claim(tx, _WALK + self._by)
            if position is None:
                self.over = self._by in all_reached(tx, _MADE)
                return None
            page = renew_page(tx, position, PAGE)
            if page is None:
                self._end(tx)
                return Renewed(position, 0)
            advance(tx, _WALK + self._by, page.last)
        return page

    def _end(self, tx: Tx) -> None:
        # Also those that were made, or to be made, by something else.
        for beginning in (_MADE, _WALK):
            finish(tx, *(beginning + rest for rest in all_reached(tx, beginning)))
        note(tx, _MADE + self._by, 1)
        self.over = True
